import type { JsonObject } from '../../schema/json.js'
import { Reading } from './reading.js'
import { blankFor, fits, objectOf, readShape, type Property, type Shape } from './schema.js'
import { stemsOfName, tokenizeName, wordSet, type Token } from './words.js'

// Finds values in a text: what an argument, or a field of an answer, could be by its schema and its name.

/** Parameters that hold whole texts rather than a name or a place. */
const LONG = wordSet(
  'text message content note query question body prompt request task comment details input',
)
/** Fields of an answer that hold all of it. */
const WHOLE = wordSet('answer summary report reply response result output description text message content')
const TRUE = wordSet('true yes on enable enabled')
const FALSE = wordSet('false no off disable disabled')

interface Filled {
  args: JsonObject
  /** Required parameters that the text says nothing about. */
  missing: string[]
}

interface Place {
  reading: Reading
  /** Whether the parameter may have what the text does not clearly mean for it. */
  isEager: boolean
}

/** Fills an object from a text. Optional parameters stay out unless the text speaks of them. */
export function fillObject(shape: Shape, reading: Reading): Filled {
  const missing: string[] = []
  const found = new Map<string, unknown>()
  const asksForText = shape.properties.some(({ required, shape }) => required && isText(shape.items ?? shape))
  for (const property of mostSpecificFirst(shape.properties, reading)) {
    const { name, required } = property
    const { value, lacks } = fillProperty(property, { reading, isEager: required || !asksForText })
    if (value !== undefined) found.set(name, value)
    else if (required) missing.push(...(lacks ?? [name]))
  }
  return { args: objectOf(shape.properties, ({ name }) => found.get(name)), missing }
}

const isText = (shape: Shape): boolean => shape.type === 'string' && !shape.enum

/** A name must not swallow what a number or an option was meant for, nor a long text what anything else was. */
function mostSpecificFirst(properties: readonly Property[], reading: Reading): Property[] {
  const rankOf = ({ name, required, shape }: Property): number => {
    const { type, enum: members } = shape.items ?? shape
    if (members) return 0
    if (type === 'boolean') return 1
    if (type === 'number' || type === 'integer') return 2
    if (isLong(name) || shape.type === 'array') return 6
    if (reading.after(wordsOf(name)).length > 0) return 3
    return required ? 4 : 5
  }
  const ranked = properties.map((property) => ({ property, rank: rankOf(property) }))
  return ranked.sort((one, other) => one.rank - other.rank).map(({ property }) => property)
}

const wordsOf = (name: string): Set<string> => new Set(tokenizeName(name).map(({ word }) => word))

const isLong = (name: string): boolean => LONG.has(tokenizeName(name).at(-1)?.word ?? '')

function fillProperty(property: Property, place: Place): { value?: unknown; lacks?: string[] } {
  const { name, required, shape } = property
  if (shape.type === 'object') {
    const { args, missing } = fillObject(shape, place.reading)
    if (missing.length > 0) return { lacks: missing.map((inner) => `${name}.${inner}`) }
    return required || Object.keys(args).length > 0 ? { value: args } : {}
  }
  const value = findValue(property, place)
  if (value !== undefined || !required) return { value }
  if (shape.default !== undefined) return { value: shape.default }
  if (shape.enum?.length === 1) return { value: shape.enum[0] }
  return shape.nullable ? { value: null } : {}
}

function findValue(property: Property, place: Place): unknown {
  if (property.shape.enum) return findMember(property.shape.enum, place.reading)
  switch (property.shape.type) {
    case 'boolean':
      return findBoolean(property, place.reading)
    case 'number':
    case 'integer':
      return findNumber(property, place)
    case 'array':
      return findList(property, place)
    case 'string':
    case undefined:
      return findText(property, place)
    default:
      return undefined
  }
}

/** The longest option that the text mentions. */
function findMember(members: readonly unknown[], reading: Reading): unknown {
  let best: { member?: unknown; tokens: Token[] } = { tokens: [] }
  for (const member of members) {
    const tokens = reading.find(tokenizeName(JSON.stringify(member)))
    if (tokens.length > best.tokens.length) best = { member, tokens }
  }
  reading.take(best.tokens)
  return best.member
}

/** `urgent` and `not urgent`; a required flag also has the first `on` or `off` of the text. */
function findBoolean({ name, required }: Property, { left }: Reading): boolean | undefined {
  const names = stemsOfName(name)
  const index = left.findIndex(({ stem }) => names.has(stem))
  const said = required ? left.find(({ word }) => TRUE.has(word) || FALSE.has(word)) : undefined
  if (said) return TRUE.has(said.word)
  return index === -1 ? undefined : !['not', 'no', 'without'].includes(left[index - 1]?.word ?? '')
}

function findNumber({ name, shape }: Property, { reading, isEager }: Place): number | undefined {
  const numbers = reading.numbers(stemsOfName(name))
  const number = numbers.find(({ value, isNear }) => fits(value, shape) && (isEager || isNear))
  if (number) reading.take([number.token])
  return number?.value
}

/** All options or numbers that are mentioned; a list of texts is one phrase, split at commas and "and". */
function findList({ name, required, shape }: Property, place: Place): unknown[] | undefined {
  const items = shape.items ?? readShape({ type: 'string' })
  if (items.type === 'boolean') return undefined
  const list = isText(items) ? splitText(place) : findAll({ name, required, shape: items }, place)
  return list.length > 0 ? list : undefined
}

/** One value after the other. A phrase may be found once more that others were taken out of: that is the end. */
function findAll(property: Property, place: Place): unknown[] {
  const values: unknown[] = []
  for (let left = Infinity; ; left = place.reading.left.length) {
    const value = findValue(property, place)
    if (value === undefined || place.reading.left.length === left) return values
    values.push(value)
  }
}

const SEPARATOR = / ?[,;] ?(?:and |or )?| (?:and|or) /i

function splitText({ reading, isEager }: Place): unknown[] {
  const texts: string[] = []
  for (let quoted = reading.quoted(); quoted.length > 0; quoted = reading.quoted()) {
    texts.push(reading.take(quoted))
  }
  if (texts.length > 1) return texts
  const text = texts[0] ?? (isEager ? reading.take(reading.rest()) : '')
  return text.replace(/\s+/g, ' ').split(SEPARATOR).filter(Boolean)
}

function findText(property: Property, place: Place): string | undefined {
  for (const tokens of candidatesFor(property, place)) {
    if (tokens.length > 0) return place.reading.take(tokens)
  }
  return undefined
}

/** Where a text could be found, best first. */
function* candidatesFor({ name, required }: Property, { reading, isEager }: Place): Generator<Token[]> {
  if (isLong(name)) {
    yield reading.quoted()
    if (isEager) yield reading.rest()
    return
  }
  yield* reading.after(wordsOf(name))
  yield reading.quoted()
  if (isEager) yield* reading.phrases()
  if (!required) return
  yield* reading.capitalised()
  yield reading.shortRest()
}

/** A value that fits a schema: from known values, else from the text, and where both are silent, blank. */
export function answerFor(shape: Shape, text: string, known: JsonObject = {}): unknown {
  if (shape.type === 'object') return answerObject(shape, text, known)
  const root: Property = { name: 'value', required: true, shape }
  return answerObject({ ...readShape({ type: 'object' }), properties: [root] }, text, {}).value
}

function answerObject(shape: Shape, text: string, known: JsonObject): JsonObject {
  if (shape.properties.length === 0) return known
  const { args } = fillObject(shape, new Reading(text))
  return objectOf(shape.properties, ({ name, required, shape }) => {
    if (Object.hasOwn(known, name) && fits(known[name], shape)) return known[name]
    if (WHOLE.has(name) && isText(shape)) return text
    if (Object.hasOwn(args, name)) return args[name]
    return required ? blankFor(shape, text) : undefined
  })
}
