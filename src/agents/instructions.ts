import { nameType } from '../core/callback.js'
import { textOf } from '../core/content.js'
import { ReadonlyContext } from '../core/context.js'
import type { InvocationContext } from '../core/invocation-context.js'
import { appendInstruction, type LlmRequest } from '../core/model.js'
import { isLlmAgent } from './is-llm-agent.js'
import type { LlmAgent } from './llm-agent.js'

/** Tells the model who it is and what to do, paragraph by paragraph. */
export async function addInstructions(
  agent: LlmAgent,
  context: InvocationContext,
  request: LlmRequest,
): Promise<void> {
  if (!agent.isIsolated) {
    appendInstruction(request, `You are an agent. Your internal name is "${agent.name}".`)
    if (agent.description) appendInstruction(request, `The description about you is "${agent.description}".`)
  }
  const root = agent.rootAgent
  if (isLlmAgent(root)) appendInstruction(request, await resolveInstruction(root.globalInstruction, context))
  appendInstruction(request, await resolveInstruction(agent.instruction, context))
}

/** A function's text is used as it is; a string is a template. */
async function resolveInstruction(
  instruction: LlmAgent['instruction'],
  context: InvocationContext,
): Promise<string> {
  if (typeof instruction !== 'function') return injectSessionState(instruction, context)
  const text: unknown = await instruction(new ReadonlyContext(context))
  if (typeof text === 'string' || text === undefined || text === null) return text ?? ''
  throw new TypeError(
    `The instruction function of agent "${context.agent.name}" returned ${nameType(text)}; it should return a string`,
  )
}

/** Begins with the first brace of a row: to try each of them again takes long where there are many. */
const PLACEHOLDER = /(?<!\{)\{+([^{}]*)\}+/g
const STATE_KEY = /^(?:(?:app|user|temp):)?[\p{ID_Start}_$][\p{ID_Continue}$]*$/u
const ARTIFACT_PREFIX = 'artifact.'

/**
 * Replaces `{key}` by state and `{artifact.name}` by the text of an artifact. With a trailing `?` a missing value is
 * empty; without it, it is an error. Braces around anything else stay as they are.
 */
export async function injectSessionState(
  template: string,
  from: ReadonlyContext | InvocationContext,
): Promise<string> {
  if (!template.includes('{')) return template
  const context = from instanceof ReadonlyContext ? from.invocationContext : from
  let result = ''
  let position = 0
  for (const match of template.matchAll(PLACEHOLDER)) {
    const value = await lookUp((match[1] ?? '').trim(), context)
    result += template.slice(position, match.index) + (value ?? match[0])
    position = match.index + match[0].length
  }
  return result + template.slice(position)
}

/** The text for a placeholder; `undefined` when it is not one. */
async function lookUp(placeholder: string, context: InvocationContext): Promise<string | undefined> {
  const optional = placeholder.endsWith('?')
  const name = optional ? placeholder.slice(0, -1) : placeholder
  if (name.startsWith(ARTIFACT_PREFIX))
    return artifactText(name.slice(ARTIFACT_PREFIX.length), context, optional)
  if (!STATE_KEY.test(name)) return undefined
  const { state } = context.session
  if (Object.hasOwn(state, name)) return asText(state[name])
  if (optional) return ''
  throw new Error(
    `Context variable not found: ${name}. The instruction of agent "${context.agent.name}" needs it in the session state; write {${name}?} if it may be missing`,
  )
}

function asText(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

async function artifactText(
  filename: string,
  context: InvocationContext,
  optional: boolean,
): Promise<string> {
  const { artifactService, appName, userId, session } = context
  const part = await artifactService?.loadArtifact({ appName, userId, sessionId: session.id, filename })
  if (part) return part.text ?? textOf({ parts: [part] })
  if (optional) return ''
  throw new Error(
    `Artifact not found: ${filename}. The instruction of agent "${context.agent.name}" needs it`,
  )
}
