/** Whether a text is base64: in either alphabet, padded or not. */
export function isBase64(text: string): boolean {
  return isPure(withoutBlanks(text))
}

/** Base64 in either alphabet, padded or not, to the standard form; `undefined` for anything else. */
export function standardBase64(text: string): string | undefined {
  const data = withoutBlanks(text)
  return isPure(data) ? Buffer.from(data, 'base64').toString('base64') : undefined
}

const withoutBlanks = (text: string): string => text.replace(/[\t\n\r ]/g, '')

function isPure(data: string): boolean {
  const end = data.length - (data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0)
  const isPadded = end < data.length
  if (end % 4 === 1 || (isPadded && data.length % 4 !== 0)) return false
  // Looks for what does not belong there: to match all that does would take memory by the length of the text.
  return !/[^A-Za-z0-9+/_-]/.test(isPadded ? data.slice(0, end) : data)
}
