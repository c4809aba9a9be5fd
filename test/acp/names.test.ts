import fc from 'fast-check'
import { expect, it } from 'vitest'
import { labelOf, publicNames, roleOf } from '../../src/acp/names.js'
import { AcpMessage } from '../../src/schema/acp.js'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

it.each([
  ['chat', 'chat'],
  ['weather_time_agent', 'weather-time-agent'],
  ['Hello World', 'hello-world'],
  ['__x__', 'x'],
  ['Übersetzer', 'bersetzer'],
  ['天气', ''],
  ['a'.repeat(70), 'a'.repeat(63)],
  [`${'a'.repeat(62)}_b`, 'a'.repeat(62)],
])('labels %s as %j', (folder, label) => {
  expect(labelOf(folder)).toBe(label)
})

it('gives each folder one name of its own, a label wherever it can', () => {
  const names = publicNames(['My_Agent', 'my-agent', 'my_agent', 'other_one', 'other one', '天气'])
  expect([...names]).toEqual([
    ['My_Agent', 'My_Agent'],
    ['my-agent', 'my-agent'],
    ['my_agent', 'my_agent'],
    ['other-one', 'other_one'],
    ['other one', 'other one'],
    ['天气', '天气'],
  ])
})

it('loses no folder, whatever they are called', () => {
  const folder = fc.oneof(fc.string({ minLength: 1 }), fc.stringMatching(/^[aA_-]{1,4}$/))
  fc.assert(
    fc.property(fc.uniqueArray(folder), (folders) => {
      const names = publicNames(folders)
      expect([...names.values()]).toEqual(folders)
      for (const [name, of] of names) if (name !== of) expect(name).toMatch(LABEL)
      for (const name of names.keys()) {
        const message = { role: roleOf(name), parts: [{ content: 'x' }] }
        expect(AcpMessage.safeParse(message).success).toBe(true)
      }
    }),
  )
})
