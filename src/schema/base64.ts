/** Base64 in either alphabet, padded or not, to the standard form; `undefined` for anything else. */
export function standardBase64(text: string): string | undefined {
  const data = text.replace(/[\t\n\r ]/g, '')
  const end = data.length - (data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0)
  const isPadded = end < data.length
  if (end % 4 === 1 || (isPadded && data.length % 4 !== 0)) return undefined
  // Looks for what does not belong there: to match all that does would take memory by the length of the text.
  if (/[^A-Za-z0-9+/_-]/.test(end === data.length ? data : data.slice(0, end))) return undefined
  return Buffer.from(data, 'base64').toString('base64')
}
