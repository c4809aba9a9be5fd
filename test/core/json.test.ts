import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assignOwn, frozenJson, frozenJsonObject, MAX_DEPTH, setOwn, thaw } from '../../src/core/json.js'

const nested = (levels: number): unknown => (levels === 0 ? 'bottom' : { deep: nested(levels - 1) })

function isFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  )
}

describe('frozenJson', () => {
  it('is what JSON makes of JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = frozenJson(value)
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
        expect(isFrozen(copy)).toBe(true)
      }),
    )
  })

  it('is what JSON makes of anything, where JSON can', () => {
    const anything = fc.anything({ withDate: true, withNullPrototype: true, maxDepth: 4 })
    fc.assert(
      fc.property(anything, (value) => {
        expect(JSON.stringify(frozenJson(value))).toBe(JSON.stringify(value))
      }),
    )
  })

  it.each([
    ['a BigInt', { n: 10n }, { n: '10' }],
    ['bytes', { data: new Uint8Array([97, 98]) }, { data: 'YWI=' }],
    ['a Map', new Map<unknown, unknown>([[1, new Set(['a'])]]), { 1: ['a'] }],
    ['holes', [undefined, () => {}, Symbol('x')], [null, null, null]],
    ['no value', { a: undefined, b: () => {}, c: Symbol('x') }, {}],
    ['toJSON', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
    ['no numbers', [NaN, Infinity, -0], [null, null, -0]],
  ])('gives %s a form', (_, value, copy) => {
    expect(frozenJson(value)).toEqual(copy)
  })

  it('copies: nobody can reach into it', () => {
    const value = { list: [{ a: 1 }] }
    const copy = frozenJson(value)
    value.list.push({ a: 2 })
    expect(copy).toEqual({ list: [{ a: 1 }] })
  })

  it('keeps keys that look like prototypes', () => {
    const value = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}')
    const copy = frozenJsonObject(value)
    expect(Object.keys(copy)).toEqual(['__proto__', 'constructor'])
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  it('refuses cycles, however they branch', () => {
    const cycle: Record<string, unknown> = {}
    Object.assign(cycle, { a: cycle, b: [cycle], c: new Map([['x', cycle]]) })
    expect(() => frozenJson(cycle)).toThrow(TypeError)
    const toItself = {
      toJSON: () => toItself,
    }
    expect(() => frozenJson(toItself)).toThrow(/refers to itself/)
  })

  it('refuses what is nested too deep, counting what is around it', () => {
    expect(() => frozenJson(nested(MAX_DEPTH))).not.toThrow()
    expect(() => frozenJson(nested(MAX_DEPTH + 1))).toThrow(`nested deeper than ${MAX_DEPTH} levels`)
    expect(() => frozenJson(nested(MAX_DEPTH - 5), 5)).not.toThrow()
    expect(() => frozenJson(nested(MAX_DEPTH - 5), 6)).toThrow(TypeError)
  })
})

describe('thaw', () => {
  it('copies what is frozen, all the way down', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = thaw(frozenJson(value))
        expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
        if (typeof copy === 'object' && copy !== null) expect(Object.isFrozen(copy)).toBe(false)
      }),
    )
  })

  it('shares what is neither a plain object nor an array', () => {
    const [date, call] = [new Date(), () => {}]
    const copy = thaw(Object.freeze({ date, call, list: [date] }))
    expect([copy.date, copy.call, copy.list[0]]).toEqual([date, call, date])
    expect(copy.date).toBe(date)
  })
})

it('setOwn and assignOwn take any key', () => {
  const target: Record<string, unknown> = {}
  setOwn(target, '__proto__', 1)
  assignOwn(target, JSON.parse('{"__proto__": 2, "a": 3}'))
  expect(Object.entries(target)).toEqual([
    ['__proto__', 2],
    ['a', 3],
  ])
})
