import { test } from 'vitest'
import { REQUIREMENTS, type RequirementId } from './requirements.js'

type Body = () => void | Promise<void>

/** A test of one requirement. With several tests for one, say which case this is. */
export function verifies(id: RequirementId, body: Body): void
export function verifies(id: RequirementId, theCase: string, body: Body): void
export function verifies(id: RequirementId, first: string | Body, second?: Body): void {
  const theCase = typeof first === 'string' ? ` (${first})` : ''
  test(`${id}: ${REQUIREMENTS[id].sentence}${theCase}`, typeof first === 'string' ? second : first)
}

/** A requirement that is not met yet. Once it is, this fails, and becomes {@link verifies}. */
export function knownGap(id: RequirementId, body: Body): void {
  test.fails(`${id}: ${REQUIREMENTS[id].sentence} (known gap)`, body)
}
