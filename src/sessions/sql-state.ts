import { assignOwn, setOwn } from '../core/json.js'
import type { SessionKey } from '../core/session.js'
import { scopeOf } from '../core/state.js'
import type { Connection } from '../database/database.js'
import { isJsonObject, type JsonObject } from '../schema/json.js'
import type { Statements } from './sql-statements.js'
import type { StoredTime } from './sql-times.js'

/** State by where it is stored, without the prefixes of its keys. */
interface ScopedState {
  app: JsonObject
  user: JsonObject
  session: JsonObject
}

export function splitState(delta: JsonObject): ScopedState {
  const state: ScopedState = { app: {}, user: {}, session: {} }
  for (const [key, value] of Object.entries(delta)) {
    const { scope, name } = scopeOf(key)
    if (scope !== 'temp') setOwn(state[scope], name, value)
  }
  return state
}

/** The view of a session: its own keys, and those that are shared, with their prefixes. */
export function mergeState({ app, user, session }: ScopedState): JsonObject {
  const merged: JsonObject = {}
  assignOwn(merged, session)
  for (const [name, value] of Object.entries(user)) merged[`user:${name}`] = value
  for (const [name, value] of Object.entries(app)) merged[`app:${name}`] = value
  return merged
}

/** A column of state; a row that is missing is an empty one. */
export function parseState(json: unknown): JsonObject {
  const state: unknown = typeof json === 'string' ? JSON.parse(json) : undefined
  return isJsonObject(state) ? state : {}
}

interface Change {
  connection: Connection
  sql: Statements
  key: SessionKey
  time: StoredTime
}

/** Sets keys that are shared. Their rows are locked first, always in this order, so that writers never block each other. */
export async function writeSharedState(
  { connection, sql, key, time }: Change,
  delta: ScopedState,
): Promise<void> {
  const { appName, userId } = key
  if (!isEmpty(delta.app)) {
    await connection.run(sql.addAppState, [appName, time])
    const state = merge(await connection.all(sql.lockAppState, [appName]), delta.app)
    await connection.run(sql.setAppState, [state, time, appName])
  }
  if (!isEmpty(delta.user)) {
    await connection.run(sql.addUserState, [appName, userId, time])
    const state = merge(await connection.all(sql.lockUserState, [appName, userId]), delta.user)
    await connection.run(sql.setUserState, [state, time, appName, userId])
  }
}

/** Sets keys of a session whose row is locked. */
export async function writeSessionState({ connection, sql, key }: Change, delta: ScopedState): Promise<void> {
  if (isEmpty(delta.session)) return
  const row = [key.appName, key.userId, key.sessionId]
  const state = merge(await connection.all(sql.sessionState, row), delta.session)
  await connection.run(sql.setSessionState, [state, ...row])
}

function merge([row]: { state?: unknown }[], delta: JsonObject): string {
  const state = parseState(row?.state)
  assignOwn(state, delta)
  return JSON.stringify(state)
}

const isEmpty = (object: object): boolean => Object.keys(object).length === 0
