import type { PartialArg } from '@google/genai'
import type { FunctionCall, Part } from '../core/content.js'
import { assignOwn, setOwn } from '../core/json.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'

/** Whether more of this call is to come, or this is a piece of one. */
export const isStreamed = (call: FunctionCall): boolean =>
  Boolean(call.partialArgs?.length || call.willContinue)

/** A function call whose arguments arrive in pieces, each under the JSON path of its place. */
export class StreamedCall {
  /** The call as far as it is known; it grows. */
  readonly part: Part
  readonly #id: string | undefined
  readonly #name: string | undefined
  readonly #args: JsonObject = {}

  constructor(part: Part, { id, name }: FunctionCall) {
    this.#id = id
    this.#name = name
    this.part = { ...part, functionCall: { id, name, args: this.#args } }
  }

  /** Later pieces usually bear no name; a piece without anything ends the call. */
  isContinuedBy({ id, name }: FunctionCall): boolean {
    return (!name || name === this.#name) && (!id || id === this.#id)
  }

  /** Takes in a piece. Returns it as a part that names its call. */
  add(part: Part, call: FunctionCall): Part {
    assignOwn(this.#args, call.args ?? {})
    for (const piece of call.partialArgs ?? []) addPiece(this.#args, piece)
    if (part.thoughtSignature) this.part.thoughtSignature ??= part.thoughtSignature
    return { ...part, functionCall: { ...call, id: this.#id, name: this.#name } }
  }
}

type Step = string | number

function addPiece(args: JsonObject, piece: PartialArg): void {
  const path = stepsOf(piece.jsonPath ?? '')
  const value = valueOf(piece)
  const last = path.pop()
  if (last === undefined || value === undefined) return
  let place: JsonObject | unknown[] = args
  for (const [index, step] of path.entries()) {
    const next: Step = path[index + 1] ?? last
    const inner: unknown = read(place, step)
    const container: JsonObject | unknown[] =
      Array.isArray(inner) || isJsonObject(inner) ? inner : emptyFor(next)
    if (container !== inner) write(place, step, container)
    place = container
  }
  const known = read(place, last)
  write(place, last, typeof value === 'string' && typeof known === 'string' ? known + value : value)
}

const emptyFor = (step: Step): JsonObject | unknown[] => (typeof step === 'number' ? [] : {})

const STEP = /\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g

/** `$.stops[0]['zip code']` → `stops`, 0, `zip code`. */
function stepsOf(jsonPath: string): Step[] {
  return [...jsonPath.replace(/^\$/, '').matchAll(STEP)].map(([, index, single, double, name]) =>
    index === undefined ? (name ?? (single ?? double ?? '').replace(/\\(.)/g, '$1')) : Number(index),
  )
}

function valueOf(piece: PartialArg): unknown {
  return (
    piece.stringValue ??
    piece.numberValue ??
    piece.boolValue ??
    (piece.nullValue === undefined ? undefined : null)
  )
}

function read(place: JsonObject | unknown[], step: Step): unknown {
  return Object.hasOwn(place, step) ? (place as Record<Step, unknown>)[step] : undefined // arrays are read by index
}

/** Items arrive in order, so an index past the end is the end: no model can make us build a sparse array. */
function write(place: JsonObject | unknown[], step: Step, value: unknown): void {
  if (!Array.isArray(place)) setOwn(place, String(step), value)
  else if (typeof step === 'number') place[Math.min(step, place.length)] = value
}
