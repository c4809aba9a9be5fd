// Words, as the offline model understands them: which carry meaning, which are the same, how well two texts agree.

/** A word or a number, and where it stands in its text. */
export interface Token {
  /** Lower case, without apostrophes. */
  word: string
  /** What the forms of a word have in common: equal stems are the same word. */
  stem: string
  isCapital: boolean
  start: number
  end: number
  /** What stands between this token and the next. */
  gap: string
}

export const wordSet = (words: string): ReadonlySet<string> => new Set(words.split(/\s+/))

/** Words of grammar and courtesy: they say nothing about what is wanted. */
export const STOP_WORDS = wordSet(
  `a an the this that these those there here i im me my mine we us our you your youre it its he him his she her they
  them their s t and or but then also so if as than not no yes is isnt are am was were be been being do does did dont
  has have had will would shall should can could may might must need want wish like let lets get gets got make go
  in on at to of for from by with about into onto over under out up what whats which who whom whose when where wheres
  why how hows hey hi hello ok okay oh please pls thanks thank tell give some any all every just only too very
  outside say saying says e g`,
)

/** Words of every second description of a function, and of most of their names. */
const DULL_WORDS = wordSet(
  `retrieve retrieves return returns fetch fetches given current currently specified specific certain provide provides
  provided value values result results tool tools function functions agent agents assistant user users use used uses
  using call calls called optional required name names string number example default set sets`,
)

/** Verbs that people use for the ones that functions are named by. */
const SAME_AS: Readonly<Record<string, string>> = {
  remove: 'delete',
  erase: 'delete',
  show: 'list',
  display: 'list',
  create: 'add',
  find: 'search',
}

const TOKEN =
  /(?<![\p{L}\p{N}])-?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|[\p{L}\p{M}\p{N}]+(?:['’](?!s(?!\p{L}))\p{L}+)*/gu

export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (const match of text.matchAll(TOKEN)) {
    const word = match[0].toLowerCase().replace(/['’]/g, '')
    const end = match.index + match[0].length
    tokens.push({
      word,
      stem: stemOf(word),
      isCapital: /^\p{Lu}/u.test(match[0]),
      start: match.index,
      end,
      gap: '',
    })
  }
  for (const [index, token] of tokens.entries()) token.gap = text.slice(token.end, tokens[index + 1]?.start)
  return tokens
}

/** Notes and note, cities and city, adding and add, remove and delete. Good enough for the names of functions. */
function stemOf(word: string): string {
  if (word.length <= 3) return word
  let stem = word.replace(/ies$/, 'y')
  if (!/(?:ss|us|is)$/.test(stem)) stem = stem.replace(/(?<=ch|sh|x|ss)es$|s$/, '')
  if (stem.length > 5) stem = stem.replace(/(?:ing|ed)$/, '')
  const same = [stem, `${stem}e`].find((form) => Object.hasOwn(SAME_AS, form))
  if (same) stem = SAME_AS[same] ?? stem
  return stem.length > 4 ? stem.replace(/e$/, '') : stem
}

/** The words of a camelCase or snake_case name. */
export const tokenizeName = (name: string): Token[] =>
  tokenize(name.replace(/(?<=[\p{Ll}\p{N}])(?=\p{Lu})/gu, ' '))

const stems = (tokens: readonly Token[]): Set<string> => new Set(tokens.map(({ stem }) => stem))

export const stemsOfName = (name: string): Set<string> => stems(tokenizeName(name))

/** The meaningful words of what a person said. */
export const keywordsOf = (tokens: readonly Token[]): Set<string> =>
  stems(tokens.filter(({ word }) => !STOP_WORDS.has(word)))

const withoutDull = (tokens: readonly Token[]): Set<string> =>
  keywordsOf(tokens.filter(({ word }) => !DULL_WORDS.has(word)))

/** The words by which a function or an agent is chosen. */
export interface Profile {
  name: ReadonlySet<string>
  description: ReadonlySet<string>
  /** Weaker evidence: names and descriptions of parameters. */
  hints: ReadonlySet<string>
}

interface Described {
  name: string
  description?: string
}

export function profileOf(
  { name, description = '' }: Described,
  parameters: readonly Described[] = [],
): Profile {
  const named = tokenizeName(name)
  const telling = withoutDull(named)
  return {
    name: telling.size > 0 ? telling : stems(named),
    description: withoutDull(plainTokens(description)),
    hints: withoutDull(
      parameters.flatMap((hint) => [...tokenizeName(hint.name), ...plainTokens(hint.description)]),
    ),
  }
}

/** The words of a description without its examples: quoted texts, names in the middle of a sentence, notes at the end. */
function plainTokens(description = ''): Token[] {
  const [text = ''] = description.split(/\bNOTE:/)
  const tokens = tokenize(text.replace(/"[^"]*"|`[^`]*`|(?<!\p{L})'[^']*'(?!\p{L})/gu, ' . '))
  return tokens.filter(({ isCapital }, index) => !isCapital || /[.!?:\n]/.test(tokens[index - 1]?.gap ?? '.'))
}

/** How well a function fits what was said; 0 is not at all. A word of its name counts three words of its description. */
export function scoreOf({ name, description, hints }: Profile, said: ReadonlySet<string>): number {
  const count = (words: ReadonlySet<string>, ...before: ReadonlySet<string>[]) =>
    [...words].filter((word) => said.has(word) && !before.some((set) => set.has(word))).length
  const isWhole = isNamed({ name }, said) ? 1 : 0
  return count(name) * 3 + isWhole + count(description, name) + count(hints, name, description) / 2
}

/** Whether every telling word of the name was said. */
export const isNamed = ({ name }: Pick<Profile, 'name'>, said: ReadonlySet<string>): boolean =>
  name.size > 0 && [...name].every((word) => said.has(word))
