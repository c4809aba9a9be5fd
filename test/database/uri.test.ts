import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStoreUri, redactUri } from '../../src/database/uri.js'

const parse = (uri: string) => parseStoreUri(uri, 'session service')

/** What a person gets to see of a URI, whether it can be read or not. */
function shownFor(uri: string): string {
  try {
    return JSON.stringify({ ...parse(uri), connection: undefined })
  } catch (error) {
    return String(error)
  }
}

describe('the URI of a store', () => {
  it.each([
    ['sqlite:///sessions.db', 'sessions.db'],
    ['sqlite:///data/my%20sessions.db', 'data/my sessions.db'],
    ['sqlite:////var/lib/sessions.db', '/var/lib/sessions.db'],
    ['sqlite://sessions.db', 'sessions.db'],
    ['sqlite+aiosqlite:///sessions.db', 'sessions.db'],
    ['SQLite:///sessions.db?mode=rwc', 'sessions.db'],
    ['sqlite:///100%.db', '100%.db'],
    ['sqlite://', ':memory:'],
    ['sqlite:///', ':memory:'],
    ['sqlite:///:memory:', ':memory:'],
    ['sqlite://:memory:', ':memory:'],
  ])('%s is the file %s', (uri, path) => {
    expect(parse(uri)).toMatchObject({ kind: 'sqlite', path })
  })

  it.each([
    'postgres://me:secret@host:5433/db',
    'postgresql://me:secret@host:5433/db',
    'postgresql+asyncpg://me:secret@host:5433/db',
    'postgresql+psycopg2://me:secret@host:5433/db',
  ])('%s is a server', (uri) => {
    expect(parse(uri)).toEqual({
      kind: 'postgres',
      connection: 'postgresql://me:secret@host:5433/db',
      prepare: true,
      poolSize: 10,
      shown: 'postgresql://me:***@host:5433/db',
    })
  })

  it('has options for a server', () => {
    expect(
      parse('postgresql+asyncpg://host/db?prepare=false&pool_size=3&ssl=require&application_name=x'),
    ).toEqual({
      kind: 'postgres',
      connection: 'postgresql://host/db?application_name=x&sslmode=require',
      prepare: false,
      poolSize: 3,
      shown: 'postgresql://host/db?prepare=***&pool_size=***&ssl=***&application_name=***',
    })
  })

  it('may be memory', () => {
    expect(parse(' memory:// ')).toEqual({ kind: 'memory' })
  })

  it.each([
    ['mysql://me:secret@host/db', 'Unsupported session service URI: mysql://me:***@host/db'],
    ['postgresql://me:sec/ret@host/db', 'The session service URI postgresql://me:***@host/db cannot be read'],
    ['sessions.db', 'Unsupported session service URI: sessions.db'],
    ['', 'Unsupported session service URI: (empty)'],
    [
      'postgresql://host/db?pool_size=many',
      'pool_size of the session service URI should be a number from 1 to 200',
    ],
    [
      'postgresql://me:secret@host:port/db',
      'The session service URI postgresql://me:***@host:port/db cannot be read',
    ],
  ])('is not %s', (uri, sentence) => {
    expect(() => parse(uri)).toThrow(sentence)
  })

  it('is shown without what is secret in it', () => {
    const part = fc.stringMatching(/^[a-z0-9:@%!$/?#-]{1,20}$/)
    fc.assert(
      fc.property(part, part, (user, noise) => {
        const secret = `S3CRET${noise}S3CRET`
        const name = user.replace(/[:%]/g, '')
        const uri = `postgresql://${name}:${secret}@host/db?password=${encodeURIComponent(secret)}`
        expect(redactUri(uri)).not.toContain('S3CRET')
        expect(shownFor(uri)).not.toContain('S3CRET')
      }),
    )
  })
})
