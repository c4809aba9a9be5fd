/** Longest text within a value that is shortened, in characters. */
const MAX_TEXT = 4096
/** What is left of a value is not worth more room than this, in characters. */
const SCRAP = 64

/**
 * JSON of at most about `limit` characters, whatever the value is. Where that is too little, texts lose their end and
 * lists their beginning, since the newest message matters most; of an object's fields the later ones get what the
 * earlier ones leave. Costs no more for a value that is far too large.
 */
export function briefJson(value: unknown, limit: number): string {
  const budget = { left: limit }
  try {
    return (
      JSON.stringify(isPlain(value) ? shortenObject(value, budget, limit) : shorten(value, budget, limit)) ??
      '{}'
    )
  } catch {
    return '{}' // nesting without end, or a value that throws when it is looked at
  }
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false
  return !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** What is left of a limit, in characters; negative as soon as it is exceeded. The limit also ends cycles. */
function measure(value: unknown, limit: number): number {
  if (typeof value === 'string') return limit - value.length - 2
  if (typeof value !== 'object' || value === null) return limit - 5
  let left = limit - 2
  if (Array.isArray(value)) {
    for (let index = value.length - 1; index >= 0 && left >= 0; index--)
      left = measure(value[index], left - 1)
    return left
  }
  if (ArrayBuffer.isView(value)) return limit - value.byteLength * 6
  for (const key in value) {
    if (left < 0) return left
    left = measure(value[key as keyof typeof value], left - key.length - 4)
  }
  return left
}

/** A value as it is where `share` of the budget is enough for it, and otherwise what is most worth keeping of it. */
function shorten(value: unknown, budget: { left: number }, share: number): unknown {
  if (Array.isArray(value)) return shortenList(value, budget, share)
  const rest = measure(value, share)
  if (rest >= 0) {
    budget.left -= share - rest
    return value
  }
  if (typeof value === 'string') return shortenText(value, budget, share)
  if (ArrayBuffer.isView(value)) return shortenText(`${value.byteLength} bytes`, budget, share)
  return isPlain(value) ? shortenObject(value, budget, share) : undefined
}

function shortenObject(value: object, budget: { left: number }, share: number): object {
  const entries = Object.entries(value)
  const end = budget.left - share
  const short: [string, unknown][] = []
  for (const [index, [key, item]] of entries.entries()) {
    const left = budget.left - end
    if (left < SCRAP) {
      short.push(['…', `${entries.length - index} more`])
      break
    }
    budget.left -= key.length + 4
    short.push([key, shorten(item, budget, Math.floor(left / Math.min(entries.length - index, 4)))])
  }
  return Object.fromEntries(short)
}

function shortenText(text: string, budget: { left: number }, share: number): string {
  const length = Math.max(SCRAP, Math.min(text.length, share, MAX_TEXT))
  budget.left -= Math.min(length, text.length) + 2
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`
}

function shortenList(list: readonly unknown[], budget: { left: number }, share: number): unknown[] {
  const end = budget.left - share
  const short: unknown[] = []
  for (let index = list.length - 1; index >= 0; index--) {
    const left = budget.left - end
    if (left < 4 * SCRAP) {
      short.push(`… ${index + 1} before`)
      break
    }
    short.push(shorten(list[index], budget, Math.ceil(left / 2)))
  }
  return short.toReversed()
}
