/** `petId`, `X-Pet-ID` and `get_/pets/{petId}` as the names that models are used to. */
export function snakeCase(name: string): string {
  return name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1_$2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1_$2')
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_|_$/g, '')
    .toLowerCase()
}

/** Numbers the names that come again: `id`, `id_1`. */
export function distinctNames(names: readonly string[]): string[] {
  const used = new Set<string>()
  return names.map((name) => {
    let distinct = name
    for (let count = 1; used.has(distinct); count++) distinct = `${name}_${count}`
    used.add(distinct)
    return distinct
  })
}
