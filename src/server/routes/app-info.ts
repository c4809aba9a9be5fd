import { isLlmAgent } from '../../agents/is-llm-agent.js'
import { AdkError } from '../../core/errors.js'
import { llmAgentsOf } from '../../graph/app-info.js'
import { AppInfo, AppPath } from '../../schema/app.js'
import { Problem } from '../../schema/problem.js'
import type { ServerDeps } from '../deps.js'
import { sendJson } from '../json.js'
import { described, errors, type ZodServer } from '../schemas.js'
import { summarize } from './utility.js'

export function appInfoRoutes(app: ZodServer, { apps, log }: ServerDeps): void {
  app.get(
    '/apps/:app_name/app-info',
    {
      schema: {
        tags: ['Utility'],
        operationId: 'getAppInfo',
        summary: 'Describe an app and its agents',
        description:
          'Toolsets are asked for their tools; those that do not answer in time are left out, as are tools of the model itself.',
        params: AppPath,
        response: {
          200: described(AppInfo, 'The app.'),
          400: described(Problem, 'The root agent is not an LlmAgent.'),
          ...errors.notFound,
          ...errors.invalid,
          500: described(Problem, 'The app failed to load.'),
        },
      },
    },
    async ({ params }, reply) => {
      const served = await apps.load(params.app_name)
      const { rootAgent } = served
      if (!isLlmAgent(rootAgent)) throw new AdkError('not_an_llm_agent', 'Root agent is not an LlmAgent')
      const onProblem = (error: unknown, agent: string) =>
        log.warn({ app: served.name, agent, err: error }, 'toolset.failed')
      const agents = await llmAgentsOf(rootAgent, { onProblem })
      return sendJson(reply, JSON.stringify({ ...summarize(served), agents }))
    },
  )
}
