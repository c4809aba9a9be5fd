// Reads the text of the tests, because each of them runs by itself and none knows of the others.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { REQUIREMENTS } from './requirements.js'

const TESTS = fileURLToPath(new URL('..', import.meta.url))

/** Ids in `verifies('id', …)`, and in tables of cases as `verifies: 'id'`. */
function citedIds(): Set<string> {
  const files = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  const text = files.map((path) => readFileSync(`${TESTS}/${path}`, 'utf8')).join('\n')
  return new Set(
    [...text.matchAll(/\b(?:verifies|knownGap)(?:\(|:)\s*'([\w-]+\.[\w-]+)'/g)].map(([, id = '']) => id),
  )
}

test('every requirement is verified by a test', () => {
  const cited = citedIds()
  expect(Object.keys(REQUIREMENTS).filter((id) => !cited.has(id))).toEqual([])
})

test('every id that a test cites is a requirement', () => {
  expect([...citedIds()].filter((id) => !(id in REQUIREMENTS))).toEqual([])
})
