import type { Database } from '../database/database.js'
import type { Times } from './sql-times.js'

/** The place of an event among those of its session. Later ones are greater; `id` decides where the time is the same. */
export interface Place {
  position: number
  id: string
}

/** Before all events. */
export const START: Place = { position: -1e10, id: '' }

const ONE = 'app_name = ? and user_id = ? and id = ?'
const OF_SESSION = 'app_name = ? and user_id = ? and session_id = ?'

export type Statements = ReturnType<typeof statementsFor>

/** All that is ever asked of the tables, in the SQL of a database. */
export function statementsFor(make: Database['make'], times: Times) {
  const isSqlite = make === 'sqlite'
  const json = (column: string) => (isSqlite ? column : `${column}::text`)
  const value = isSqlite ? '?' : '?::jsonb'
  const lock = isSqlite ? '' : ' for update'
  // SQLite numbers its rows as they come. PostgreSQL does not, but times increase.
  const position = (table: string) => (isSqlite ? `${table}.rowid` : times.read(`${table}.timestamp`))
  const bound = isSqlite ? '?' : times.parameter
  const order = isSqlite ? ['rowid'] : ['timestamp', 'id']
  const ordered = (direction: 'asc' | 'desc') => order.map((column) => `${column} ${direction}`).join(', ')
  const event = `select ${position('events')} as position, id, invocation_id as "invocationId", ${json('event_data')} as data from events`
  return {
    findSession: `
      select ${json('s.state')} as state, ${json('a.state')} as "appState", ${json('u.state')} as "userState",
             ${times.read('s.create_time')} as created, ${times.read('s.update_time')} as updated,
             ${lastEvent(position('e'))} as last, ${lastEvent('e.id')} as "lastId"
        from sessions s
        left join app_states a on a.app_name = s.app_name
        left join user_states u on u.app_name = s.app_name and u.user_id = s.user_id
       where s.app_name = ? and s.user_id = ? and s.id = ?`,
    listOfApp: list('app_name = ?'),
    listOfUser: list('app_name = ? and user_id = ?'),
    statesOfUsers: `select user_id as "userId", ${json('state')} as state from user_states where app_name = ?`,
    lockSession: `
      select ${times.read('create_time')} as created, ${times.read('update_time')} as updated
        from sessions where ${ONE}${lock}`,
    sessionState: `select ${json('state')} as state from sessions where ${ONE}`,
    appState: `select ${json('state')} as state from app_states where app_name = ?`,
    userState: `select user_id as "userId", ${json('state')} as state from user_states where app_name = ? and user_id = ?`,
    lockAppState: `select ${json('state')} as state from app_states where app_name = ?${lock}`,
    lockUserState: `select ${json('state')} as state from user_states where app_name = ? and user_id = ?${lock}`,
    addSession: `
      insert into sessions (app_name, user_id, id, state, create_time, update_time)
      values (?, ?, ?, ${value}, ${times.parameter}, ${times.parameter}) on conflict do nothing`,
    addAppState: `
      insert into app_states (app_name, state, update_time) values (?, '{}', ${times.parameter}) on conflict do nothing`,
    addUserState: `
      insert into user_states (app_name, user_id, state, update_time)
      values (?, ?, '{}', ${times.parameter}) on conflict do nothing`,
    setAppState: `update app_states set state = ${value}, update_time = ${times.parameter} where app_name = ?`,
    setUserState: `
      update user_states set state = ${value}, update_time = ${times.parameter} where app_name = ? and user_id = ?`,
    setSessionState: `update sessions set state = ${value} where ${ONE}`,
    touchSession: `update sessions set update_time = ${times.parameter} where ${ONE}`,
    addEvent: `
      insert into events (app_name, user_id, session_id, id, invocation_id, timestamp, event_data)
      values (?, ?, ?, ?, ?, ${times.parameter}, ${value})
      on conflict do nothing returning ${position('events')} as position`,
    /** Of a session, those after a place and up to a position, so many at most. */
    eventsBetween: `
      ${event} where ${OF_SESSION} and ${isSqlite ? 'rowid > ?' : `(timestamp, id) > (${times.parameter}, ?)`}
         and ${order[0]} <= ${bound} order by ${ordered('asc')} limit ?`,
    eventsAfter: `
      ${event} where ${OF_SESSION} and ${isSqlite ? 'rowid > ?' : `(timestamp, id) > (${times.parameter}, ?)`}
       order by ${ordered('asc')}`,
    /** Of a session, the last ones up to a position, so many at most. */
    newestEvents: `
      ${event} where ${OF_SESSION} and ${order[0]} <= ${bound} order by ${ordered('desc')} limit ?`,
    expired: `
      select app_name as "appName", user_id as "userId", id from sessions
       where ${times.seconds('update_time')} < ? order by ${times.seconds('update_time')} limit ?`,
    expireSession: `delete from sessions where ${ONE} and ${times.seconds('update_time')} < ?`,
    deleteSession: `delete from sessions where ${ONE}`,
    deleteEvents: `delete from events where ${OF_SESSION}`,
    placeOf: (place: Place) => (isSqlite ? [place.position] : [place.position, place.id]),
  }

  function lastEvent(column: string): string {
    return `(
      select ${column} from events e where e.app_name = s.app_name and e.user_id = s.user_id and e.session_id = s.id
       order by ${order.map((name) => `e.${name} desc`).join(', ')} limit 1)`
  }

  function list(condition: string): string {
    return `
      select id, user_id as "userId", ${json('state')} as state, ${times.read('create_time')} as created,
             ${times.read('update_time')} as updated
        from sessions where ${condition} order by ${isSqlite ? 'rowid' : 'create_time, id'}`
  }
}
