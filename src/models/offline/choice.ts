import type { FunctionDeclaration, GenerateContentConfig } from '../../core/content.js'
import { SET_MODEL_RESPONSE, TRANSFER } from '../../core/framework-calls.js'
import type { JsonObject } from '../../schema/json.js'
import { fillObject } from './fill.js'
import { Reading } from './reading.js'
import { readShape, type Shape } from './schema.js'
import type { Turn } from './turn.js'
import {
  isNamed,
  keywordsOf,
  profileOf,
  scoreOf,
  stemsOfName,
  tokenize,
  tokenizeName,
  type Profile,
  type Token,
} from './words.js'

/** One word of a description in common is enough; of the parameters it takes two. */
const THRESHOLD = 1

/** A function that may be called, or an agent that may be handed the conversation. */
interface Option {
  name: string
  profile: Profile
}

interface Callable extends Option {
  parameters: Shape
}

/** What the model may do in this request. */
interface Abilities {
  functions: Callable[]
  agents: Option[]
  /** The argument that names the agent. */
  agentParameter: string
  /** The shape of the answer, where it goes through {@link SET_MODEL_RESPONSE}. */
  answer: Shape | undefined
  instruction: string
}

export function readAbilities(config: GenerateContentConfig): Abilities {
  const declarations = declarationsIn(config)
  const instruction = typeof config.systemInstruction === 'string' ? config.systemInstruction : ''
  const transfer = declarations.find(({ name }) => name === TRANSFER)
  const answer = declarations.find(({ name }) => name === SET_MODEL_RESPONSE)
  const parameter = transfer && shapeOf(transfer).properties[0]
  return {
    functions: declarations.filter(isCallable).map(asCallable),
    agents: transfer ? agentOptions(instruction, parameter?.shape.enum?.map(String)) : [],
    agentParameter: parameter?.name ?? 'agentName',
    answer: answer && shapeOf(answer),
    instruction,
  }
}

/** The rest are the framework's: those named `adk_…` it calls itself. */
function isCallable({ name }: FunctionDeclaration): boolean {
  return Boolean(name) && name !== TRANSFER && name !== SET_MODEL_RESPONSE && !name?.startsWith('adk_')
}

function declarationsIn({ tools = [], toolConfig }: GenerateContentConfig): FunctionDeclaration[] {
  const { mode, allowedFunctionNames = [] } = toolConfig?.functionCallingConfig ?? {}
  if (String(mode) === 'NONE') return []
  const all = tools.flatMap((tool) =>
    'functionDeclarations' in tool ? (tool.functionDeclarations ?? []) : [],
  )
  return allowedFunctionNames.length > 0
    ? all.filter(({ name = '' }) => allowedFunctionNames.includes(name))
    : all
}

const shapeOf = ({ parameters, parametersJsonSchema }: FunctionDeclaration): Shape =>
  readShape(parameters ?? parametersJsonSchema ?? { type: 'object' })

function asCallable(declaration: FunctionDeclaration): Callable {
  const { name = '', description = '' } = declaration
  const parameters = shapeOf(declaration)
  const hints = parameters.properties.map((property) => ({ ...property.shape, name: property.name }))
  return { name, parameters, profile: profileOf({ name, description }, hints) }
}

/** `Agent name: billing`, or a list item that begins with a name: `- billing: Handles invoices.` */
const LISTED =
  /^\s*(?:[-*]\s*)?agent name:\W*([\p{L}\p{N}_-]+)|^\s*[-*]\s*["'`*]*([\p{L}\p{N}_-]+)["'`*]*\s*[:(–—-]/iu

/** The agents to choose from, described by the lines that mention them. */
function agentOptions(instruction: string, known: string[] | undefined): Option[] {
  const lines = instruction.replace(/\n(?=\W*(?:agent )?description:)/gi, ' ').split('\n')
  const names = known ?? lines.flatMap((line) => LISTED.exec(line)?.slice(1).find(Boolean) ?? [])
  return [...new Set(names)].map((name) => {
    const about = lines.filter((line) => mentions(line, [name]))
    const description = about.map((line) => line.replaceAll(name, '').replace(/["'`]/g, ' ')).join('.\n')
    return { name, profile: profileOf({ name, description }) }
  })
}

const mentions = (line: string, names: readonly string[]): boolean =>
  line.split(/[^\p{L}\p{N}_-]+/u).some((word) => names.includes(word))

export interface Choice {
  calls: { name: string; args: JsonObject }[]
  /** The function that would fit, and what is needed to call it. */
  wanted?: { name: string; missing: string[] }
}

/** The functions or the agent that the text asks for. */
export function choose(turn: Turn, abilities: Abilities): Choice {
  const tokens = tokenize(turn.text)
  const said = keywordsOf(tokens)
  const functions = rank(abilities.functions.toSorted(byDemands), said)
  const agents = rank(
    abilities.agents.filter(({ name }) => !turn.visited.has(name)),
    said,
  )
  const [best] = functions
  const [agent] = agents
  if (agent && agent.score > Math.max(best?.score ?? 0, scoreToStay(turn, abilities, said))) {
    return { calls: [{ name: TRANSFER, args: { [abilities.agentParameter]: agent.option.name } }] }
  }
  if (!best) return { calls: [] }
  const named = functions.map(({ option }) => option).filter(({ profile }) => isNamed(profile, said))
  return callAll({ text: turn.text, tokens, named }, best.option)
}

/** Options that fit at all, best first. */
function rank<Kind extends Option>(options: readonly Kind[], said: ReadonlySet<string>) {
  const scored = options.map((option) => ({ option, score: scoreOf(option.profile, said) }))
  return scored.filter(({ score }) => score >= THRESHOLD).sort((one, other) => other.score - one.score)
}

/** Between functions that fit equally well, the one that asks for less. */
function byDemands(one: Callable, other: Callable): number {
  const demands = ({ parameters }: Callable) =>
    parameters.properties.filter(({ required }) => required).length
  return demands(one) - demands(other)
}

/** An agent that was just handed the turn keeps it, unless another one fits better than its own instruction does. */
function scoreToStay(
  { visited }: Turn,
  { agents, instruction }: Abilities,
  said: ReadonlySet<string>,
): number {
  if (visited.size === 0) return 0
  const others = agents.map(({ name }) => name)
  const own = instruction.split('\n').filter((line) => !mentions(line, others))
  return scoreOf(profileOf({ name: '', description: own.join('\n').replace(/["'`]/g, ' ') }), said)
}

interface Saying {
  text: string
  tokens: readonly Token[]
  /** Functions whose whole name was said. */
  named: readonly Callable[]
}

/** Calls the best function, and with it those that are asked for by name in the rest of the text. */
function callAll(saying: Saying, best: Callable): Choice {
  const first = fill(saying, best)
  if (first.missing.length > 0) return { calls: [], wanted: { name: best.name, missing: first.missing } }
  const others = alsoAsked(saying, best, first.reading.left).map((option) => fill(saying, option))
  const all = [first, ...others.filter(({ missing }) => missing.length === 0)]
  if (all.length > 1) {
    return {
      calls: all.sort((one, other) => one.from - other.from).map(({ name, args }) => ({ name, args })),
    }
  }
  return { calls: eachPlace(first.args, saying.text).map((args) => ({ name: best.name, args })) }
}

function fill({ text, tokens, named }: Saying, { name, profile, parameters }: Callable) {
  const from = placeOf(profile, tokens)
  const to = Math.min(...named.map((other) => placeOf(other.profile, tokens)).filter((place) => place > from))
  const names = new Set(parameters.properties.flatMap((property) => [...stemsOfName(property.name)]))
  const reading = new Reading(text, { profile, parameters: names, from, to })
  return { name, from, reading, ...fillObject(parameters, reading) }
}

/** Where in the text a function is spoken of. */
const placeOf = ({ name }: Profile, tokens: readonly Token[]): number =>
  tokens.find(({ stem }) => name.has(stem))?.start ?? 0

/** A list of things to do, rather than one thing said in many words. */
const LIST = /\b(?:and|also|plus|then|both)\b|[&,;]/i

function alsoAsked({ text, named }: Saying, best: Callable, left: readonly Token[]): Callable[] {
  if (!LIST.test(text)) return []
  const said = keywordsOf(left)
  const covered = new Set(best.profile.name)
  return named.filter(({ profile }) => {
    const isNew = isNamed(profile, said) && [...profile.name].some((word) => !covered.has(word))
    if (isNew) for (const word of profile.name) covered.add(word)
    return isNew
  })
}

const PLACES = new Set(['city', 'town', 'location', 'place', 'country', 'region'])
const NAME = String.raw`\p{Lu}[\p{L}'’.-]*(?: \p{Lu}[\p{L}'’.-]*)*`
const NAMES = new RegExp(`^${NAME}(?:, ${NAME})*,? (?:and|&) ${NAME}`, 'u')

/** `London, Paris and Rome` are three calls of a function that takes one place. */
function eachPlace(args: JsonObject, text: string): JsonObject[] {
  for (const [parameter, place] of Object.entries(args)) {
    if (typeof place !== 'string' || !PLACES.has(tokenizeName(parameter).at(-1)?.word ?? '')) continue
    const list = NAMES.exec(text.slice(text.indexOf(place)))
    if (list) return list[0].split(/,? (?:and|&) |, /).map((name) => ({ ...args, [parameter]: name }))
  }
  return [args]
}
