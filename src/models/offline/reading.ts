import { profileOf, STOP_WORDS, tokenize, wordSet, type Profile, type Token } from './words.js'

/** Words before the part of a text that answers a question. */
const PREPOSITIONS = wordSet('in for of to at about called named titled')
/** Words that may stand before a value without being part of it. */
const LINKS = wordSet('the a an is are to of as my your our called named')
/** Words that end a place or a name; longer texts go on. */
const ENDS = wordSet(
  `in for of to at about called named titled and or but then with from on by that saying says if because so when
  is are was has have will does do should can what whats how`,
)
/** Words after which a longer text begins, whatever came before. */
const OPENERS = wordSet('that saying says')
/** Words that a longer text does not end with. */
const CLOSINGS = wordSet(
  'in for of to at about called named titled the a an is are as my your our please pls thanks thank',
)
/** Words that say when, or how politely: at the end of a phrase they are not part of a place or a name. */
const ASIDES = wordSet(
  `today todays tonight tomorrow yesterday now right currently moment soon later again this next last day week weekend
  month year morning afternoon evening night please pls thanks thank like is it there here`,
)
const BREAK = /[,.;:!?()[\]{}\n]/
const QUOTED = /"([^"]+)"|“([^”]+)”|«([^»]+)»|`([^`]+)`|(?<!\p{L})'([^']+)'(?!\p{L})/gu
/** Most words of a value that no preposition announces. */
const MAX_REST = 4

const COUNTS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(' ')
const ORDINALS = 'zeroth first second third fourth fifth sixth seventh eighth ninth tenth'.split(' ')
/** Where the name of a number stands: `6 sides`, `side 6`, `6 of sides`, `sides of 6`. */
const NEIGHBOURS = [1, -1, 2, -2]

/** What a text is read for. */
interface Topic {
  /** The function: words of its name are no part of a value, those of its description may introduce one. */
  profile: Profile
  /** Stems of its parameters' names: no value by themselves. */
  parameters: ReadonlySet<string>
  /** Where this function is spoken of. Phrases in there come first. */
  from: number
  to: number
}

const NO_TOPIC: Topic = { profile: profileOf({ name: '' }), parameters: new Set(), from: 0, to: Infinity }

interface NumberWord {
  token: Token
  value: number
  isNear: boolean
}

/** A text that values are taken out of. What was taken is not found again. */
export class Reading {
  readonly tokens: Token[]
  readonly #quotes: Token[][]
  readonly #taken = new Set<Token>()

  constructor(
    readonly text: string,
    private readonly topic = NO_TOPIC,
  ) {
    this.tokens = tokenize(text)
    this.#quotes = quotesIn(text, this.tokens)
  }

  /** The text from the first to the last of these tokens, which are used up by it. */
  take(tokens: readonly Token[]): string {
    for (const token of tokens) this.#taken.add(token)
    return tokens.length > 0 ? this.text.slice(tokens[0]?.start, tokens.at(-1)?.end) : ''
  }

  /** What nobody has taken. */
  get left(): Token[] {
    return this.tokens.filter((token) => this.#isFree(token))
  }

  /** Where these words stand one after the other. */
  find(wanted: readonly Token[]): Token[] {
    const start = this.tokens.findIndex((_, index) =>
      wanted.every(({ stem }, offset) => {
        const token = this.tokens[index + offset]
        return token?.stem === stem && this.#isFree(token)
      }),
    )
    return start === -1 ? [] : this.tokens.slice(start, start + wanted.length)
  }

  /** Numbers in digits or words; those that stand next to one of the names come first. */
  numbers(names: ReadonlySet<string>): NumberWord[] {
    const numbers = this.tokens.flatMap((token, index) => {
      const value = numberOf(token.word)
      if (value === undefined || !this.#isFree(token)) return []
      const place = NEIGHBOURS.findIndex((offset) => names.has(this.tokens[index + offset]?.stem ?? ''))
      return [{ token, value, isNear: place !== -1, rank: place === -1 ? NEIGHBOURS.length : place }]
    })
    return numbers.sort((one, other) => one.rank - other.rank)
  }

  /** The first quotation. */
  quoted(): Token[] {
    return this.#quotes.find((quote) => quote.every((token) => this.#isFree(token))) ?? []
  }

  /** What follows one of these words: `title Shopping`, `my name is Bob`. */
  after(names: ReadonlySet<string>): Token[][] {
    return this.tokens
      .flatMap(({ word }, index) => (names.has(word) ? [this.#phrase(index + 1)] : []))
      .filter((phrase) => phrase.length > 0)
  }

  /** What follows a preposition: nearby first, then capitalised names, then as they come. */
  phrases(): Token[][] {
    const { from, to } = this.topic
    const rank = ([first]: Token[]) =>
      first ? (first.start >= from && first.start < to ? 0 : 2) + (first.isCapital ? 0 : 1) : 0
    return this.after(PREPOSITIONS).sort((one, other) => rank(one) - rank(other))
  }

  /** Capitalised words in a row. The first word of the text proves nothing by its capital. */
  capitalised(): Token[][] {
    const runs: Token[][] = [[]]
    for (const token of this.tokens) {
      const isName =
        token.isCapital && this.#isFree(token) && !STOP_WORDS.has(token.word) && !this.#isKnown(token)
      if (isName) runs.at(-1)?.push(token)
      if (!isName || BREAK.test(token.gap)) runs.push([])
    }
    return runs.filter((run) => run.length > 1 || (run[0] && run[0] !== this.tokens[0]))
  }

  /** What remains when the words that ask for the function are gone, if it is short enough for a name. */
  shortRest(): Token[] {
    const rest = this.#trim(this.rest())
    return rest.length > MAX_REST ? [] : rest
  }

  /** What remains when the words that introduce it are gone: the text of a note, of a question, of a message. */
  rest(): Token[] {
    let start = 0
    for (const token of this.tokens) {
      if (!this.#introduces(token)) break
      start += 1
      if (OPENERS.has(token.word) || token.gap.includes(':')) break
    }
    const end = this.tokens.findLastIndex((token) => !this.#closes(token))
    return this.tokens.slice(start, end + 1)
  }

  #introduces(token: Token): boolean {
    const { description } = this.topic.profile
    return (
      !this.#isFree(token) ||
      STOP_WORDS.has(token.word) ||
      this.#isKnown(token) ||
      description.has(token.stem)
    )
  }

  #closes(token: Token): boolean {
    return !this.#isFree(token) || CLOSINGS.has(token.word) || this.topic.profile.name.has(token.stem)
  }

  #phrase(from: number): Token[] {
    let start = from
    while (LINKS.has(this.tokens[start]?.word ?? '') && !this.tokens[start]?.isCapital) start += 1
    const quote = this.#quotes.find(([first]) => first === this.tokens[from] || first === this.tokens[start])
    if (quote?.every((token) => this.#isFree(token))) return quote
    let end = start
    for (let token = this.tokens[end]; token && this.#continues(token); token = this.tokens[end]) {
      end += 1
      if (BREAK.test(token.gap)) break
    }
    return this.#trim(this.tokens.slice(start, end))
  }

  #continues(token: Token): boolean {
    return this.#isFree(token) && (token.isCapital || !ENDS.has(token.word))
  }

  /** Without words at the end that belong to the question; nothing when only such words are left. */
  #trim(phrase: readonly Token[]): Token[] {
    const isAside = (token: Token) =>
      ASIDES.has(token.word) || (this.topic.profile.name.has(token.stem) && !token.isCapital)
    const kept = phrase.slice(0, phrase.findLastIndex((token) => !isAside(token)) + 1)
    return kept.some((token) => !STOP_WORDS.has(token.word) && !this.#isKnown(token)) ? kept : []
  }

  #isKnown({ stem }: Token): boolean {
    return this.topic.profile.name.has(stem) || this.topic.parameters.has(stem)
  }

  #isFree(token: Token): boolean {
    return !this.#taken.has(token)
  }
}

function quotesIn(text: string, tokens: readonly Token[]): Token[][] {
  const quotes = [...text.matchAll(QUOTED)].map(({ 0: quote, index }) =>
    tokens.filter(({ start, end }) => start > index && end < index + quote.length),
  )
  return quotes.filter((quote) => quote.length > 0)
}

function numberOf(word: string): number | undefined {
  if (/^-?\d/.test(word)) return Number(word.replace(/,/g, ''))
  const value = Math.max(COUNTS.indexOf(word), ORDINALS.indexOf(word))
  return value === -1 ? undefined : value
}
