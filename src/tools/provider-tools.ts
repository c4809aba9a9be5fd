// Tools that the provider of a model runs, under the names that the ADK gives them.
import type { LlmRequest } from '../core/model.js'
import { BaseTool, type ToolProcessLlmRequest } from '../core/tool.js'

type ServerSideTool = NonNullable<NonNullable<LlmRequest['config']>['tools']>[number]

/** A tool that the model's provider runs: it is switched on in the request and never called here. */
class ProviderTool extends BaseTool {
  constructor(
    name: string,
    private readonly entry: ServerSideTool,
  ) {
    super({ name, description: name })
  }

  override async processLlmRequest({ llmRequest }: ToolProcessLlmRequest): Promise<void> {
    const config = (llmRequest.config ??= {})
    config.tools = [...(config.tools ?? []), this.entry]
  }

  override async runAsync(): Promise<unknown> {
    return {}
  }
}

export class GoogleSearchTool extends ProviderTool {
  constructor() {
    super('google_search', { googleSearch: {} })
  }
}

export class GoogleMapsGroundingTool extends ProviderTool {
  constructor() {
    super('google_maps', { googleMaps: {} })
  }
}

export class UrlContextTool extends ProviderTool {
  constructor() {
    super('url_context', { urlContext: {} })
  }
}

export class EnterpriseWebSearchTool extends ProviderTool {
  constructor() {
    super('enterprise_web_search', { enterpriseWebSearch: {} })
  }
}

export const GOOGLE_SEARCH: BaseTool = new GoogleSearchTool()
export const GOOGLE_MAPS_GROUNDING: BaseTool = new GoogleMapsGroundingTool()
export const URL_CONTEXT: BaseTool = new UrlContextTool()
export const ENTERPRISE_WEB_SEARCH: BaseTool = new EnterpriseWebSearchTool()
export const CODE_EXECUTION: BaseTool = new ProviderTool('code_execution', { codeExecution: {} })
