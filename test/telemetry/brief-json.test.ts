import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { briefJson } from '../../src/telemetry/brief-json.js'

describe('briefJson', () => {
  it('is JSON, whatever the value', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true }),
        (value) => {
          JSON.parse(briefJson(value, 300))
        },
      ),
    )
  })

  it('says all of a value that fits', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (json) => {
        expect(briefJson(JSON.parse(json), 100_000)).toBe(JSON.stringify(JSON.parse(json)))
      }),
    )
  })

  it('keeps to its limit, roughly', () => {
    const part = fc.record({ text: fc.string({ maxLength: 400 }) })
    const value = fc.record({
      model: fc.string(),
      contents: fc.array(fc.record({ role: fc.string(), parts: fc.array(part, { maxLength: 30 }) }), {
        maxLength: 60,
      }),
      config: fc.jsonValue(),
    })
    fc.assert(
      fc.property(value, fc.integer({ min: 1000, max: 20_000 }), (given, limit) => {
        // Escapes and what tells of omissions come on top.
        expect(briefJson(given, limit).length).toBeLessThan(2 * limit + 1000)
      }),
    )
  })

  it('keeps the newest items of a list, and says how many were before', () => {
    const contents = Array.from({ length: 1000 }, (_, index) => ({
      text: `message ${index} ${'.'.repeat(90)}`,
    }))
    const { contents: kept } = JSON.parse(briefJson({ contents, model: 'm' }, 4000))
    expect(kept.at(-1).text).toMatch(/^message 999 /)
    expect(kept[0]).toBe(`… ${1001 - kept.length} before`)
    expect(kept.length).toBeGreaterThan(5)
  })

  it('shortens long texts and bytes', () => {
    const brief = JSON.parse(briefJson({ text: 'a'.repeat(9000), bytes: new Uint8Array(9000) }, 5000))
    expect(brief.text).toMatch(/^a{1000,4096}… \(9000 characters\)$/)
    expect(brief.bytes).toBe('9000 bytes')
  })

  it('does not fall for cycles, depth, or values that throw', () => {
    const cycle: Record<string, unknown> = { name: 'a' }
    cycle['self'] = cycle
    let deep: unknown = 'x'
    for (let level = 0; level < 100_000; level++) deep = [deep]
    const hostile = {
      get field(): never {
        throw new Error('no')
      },
    }
    for (const value of [cycle, deep, hostile])
      expect(() => JSON.parse(briefJson(value, 65_536))).not.toThrow()
  })
})
