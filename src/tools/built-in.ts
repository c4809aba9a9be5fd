// The tools that come with the package, under the names that the ADK gives them; provider-tools.ts has those that the
// provider of a model runs.
import { z } from 'zod'
import type { Content, Part } from '../core/content.js'
import { REQUEST_INPUT_FUNCTION_CALL_NAME } from '../core/framework-calls.js'
import { appendInstruction } from '../core/model.js'
import { BaseTool, declareTool, type RunAsyncToolRequest, type ToolProcessLlmRequest } from '../core/tool.js'
import { objectSchema } from './declaration.js'
import { FunctionTool, LongRunningFunctionTool } from './function-tool.js'

export class ExitLoopTool extends BaseTool {
  constructor() {
    super({
      name: 'exit_loop',
      description: 'Exits the loop. Call this function only when you are instructed to do so.',
    })
  }

  override _getDeclaration() {
    return { name: this.name, description: this.description }
  }

  override async runAsync({ toolContext: { actions } }: RunAsyncToolRequest): Promise<unknown> {
    actions.escalate = true
    actions.skipSummarization = true
    return ''
  }
}

/** Ends the loop around the agent. */
export const EXIT_LOOP: BaseTool = new ExitLoopTool()

/** Lets the user choose; the client sends the choice as the function's response. */
export const getUserChoiceTool: BaseTool = new LongRunningFunctionTool({
  name: 'get_user_choice',
  description: 'Provides the options to the user and asks them to choose one.',
  parameters: z.object({ options: z.array(z.string()) }),
  execute: (_args, { actions }) => {
    actions.skipSummarization = true
    return null
  },
})

/** Asks the user something; the client sends the answer as the function's response. */
export const requestInputTool: BaseTool = new LongRunningFunctionTool({
  name: REQUEST_INPUT_FUNCTION_CALL_NAME,
  description: 'Asks the user for input that is needed to go on.',
  parameters: z.object({
    message: z.string().describe('What to ask the user.'),
    response_schema: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('The form that the answer should have, as a JSON schema.'),
  }),
  execute: () => null,
})

const LOAD_ARTIFACTS_NAME = 'load_artifacts'
const ARTIFACT_NAMES = z.object({
  artifact_names: z.array(z.string()).optional().describe('The names of the artifacts to load.'),
})

/** Tells the model which artifacts there are, and shows it those that it asks for, in the next request only. */
export class LoadArtifactsTool extends BaseTool {
  constructor() {
    super({
      name: LOAD_ARTIFACTS_NAME,
      description: 'Loads the artifacts and adds them to the conversation.',
    })
  }

  override _getDeclaration() {
    const parameters = objectSchema(ARTIFACT_NAMES)
    return { name: this.name, description: this.description, parameters }
  }

  override async runAsync({ args }: RunAsyncToolRequest): Promise<unknown> {
    const names = Array.isArray(args.artifact_names) ? args.artifact_names.map(String) : []
    const status = `The contents of these artifacts follow for now only; call ${this.name} again to see them later.`
    return { artifact_names: names, status }
  }

  override async processLlmRequest({ toolContext, llmRequest }: ToolProcessLlmRequest): Promise<void> {
    declareTool(llmRequest, this)
    if (!toolContext.invocationContext.artifactService) return
    const names = await toolContext.listArtifacts()
    if (names.length === 0) return
    appendInstruction(
      llmRequest,
      `You have these artifacts: ${JSON.stringify(names)}. When the user asks about one of them, call \`${this.name}\` before you answer; never answer from its name alone.`,
    )
    for (const name of askedFor(llmRequest.contents.at(-1))) {
      const part = await toolContext.loadArtifact(name)
      if (part) llmRequest.contents.push({ role: 'user', parts: [{ text: `Artifact ${name} is:` }, part] })
    }
  }
}

/** The artifacts that the newest function response names. */
function askedFor(content: Content | undefined): string[] {
  return (content?.parts ?? []).flatMap(({ functionResponse }: Part) => {
    const names =
      functionResponse?.name === LOAD_ARTIFACTS_NAME ? functionResponse.response?.artifact_names : []
    return Array.isArray(names) ? names.map(String) : []
  })
}

export const LOAD_ARTIFACTS: BaseTool = new LoadArtifactsTool()

/** Lets the model look things up in what earlier sessions left in memory. */
export const LOAD_MEMORY: BaseTool = new FunctionTool({
  name: 'load_memory',
  description: 'Loads the memory of earlier conversations with the current user.',
  parameters: z.object({ query: z.string() }),
  execute: async ({ query }, context) => context.searchMemory(query),
})

/** Looks in memory for what the user says, before every request, and tells the model what it found. */
export class PreloadMemoryTool extends BaseTool {
  constructor() {
    super({ name: 'preload_memory', description: 'preload_memory' })
  }

  override async runAsync(): Promise<unknown> {
    return {}
  }

  override async processLlmRequest({ toolContext, llmRequest }: ToolProcessLlmRequest): Promise<void> {
    const query = textsOf(toolContext.userContent)
    if (!query || !toolContext.invocationContext.memoryService) return
    const { memories } = await toolContext.searchMemory(query)
    const lines = memories.flatMap(({ author, timestamp, content }) => {
      const text = textsOf(content)
      return text ? [`${timestamp ? `Time: ${timestamp}\n` : ''}${author ? `${author}: ` : ''}${text}`] : []
    })
    if (lines.length === 0) return
    appendInstruction(
      llmRequest,
      `From earlier conversations with this user, which may matter now:\n<PAST_CONVERSATIONS>\n${lines.join('\n')}\n</PAST_CONVERSATIONS>`,
    )
  }
}

const textsOf = (content: Content | undefined): string =>
  (content?.parts ?? [])
    .map(({ text = '' }) => text)
    .join(' ')
    .trim()

export const PRELOAD_MEMORY: BaseTool = new PreloadMemoryTool()
