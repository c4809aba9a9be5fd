import { InvalidArgumentError } from 'commander'
import { describe, expect, it } from 'vitest'
import { normalizeArguments, parseLogLevel, parseOrigins, parsePrefix } from '../../src/flags.js'

describe('normalizeArguments', () => {
  it.each([
    [
      ['api_server', '--reload-agents'],
      ['api_server', '--reload_agents'],
    ],
    [['api-server'], ['api_server']],
    [
      ['api_server', '--allow-origins=https://my-site.dev'],
      ['api_server', '--allow_origins=https://my-site.dev'],
    ],
    [
      ['api_server', '--url-prefix=/a=b'],
      ['api_server', '--url_prefix=/a=b'],
    ],
    [
      ['api_server', 'my-agents', '-p', '1'],
      ['api_server', 'my-agents', '-p', '1'],
    ],
    [
      ['api_server', '--', '--my-agents', '--offline'],
      ['api_server', '--', '--my-agents', '--offline'],
    ],
    [['--version'], ['--version']],
    [
      ['--', 'x'],
      ['--', 'x'],
    ],
    [[], []],
  ])('%j becomes %j', (given, expected) => {
    expect(normalizeArguments(given)).toEqual(expected)
  })

  it.each([
    [['--offline'], ['--offline=always']],
    [['--offline', 'auto'], ['--offline=auto']],
    [
      ['--offline', 'never', 'agents'],
      ['--offline=never', 'agents'],
    ],
    [
      ['--offline', 'my/agents'],
      ['--offline=always', 'my/agents'],
    ],
    [
      ['--offline', '--port', '1'],
      ['--offline=always', '--port', '1'],
    ],
    [
      ['--offline=auto', 'agents'],
      ['--offline=auto', 'agents'],
    ],
    [
      ['agents', '--offline', '--offline', 'auto'],
      ['agents', '--offline=always', '--offline=auto'],
    ],
  ])('gives --offline the word after it only if that is a mode: %j', (given, expected) => {
    expect(normalizeArguments(['api_server', ...given])).toEqual(['api_server', ...expected])
  })

  it.each([
    [['--reload-agents', 'true'], ['--reload_agents']],
    [
      ['--reload_agents=true', 'agents'],
      ['--reload_agents', 'agents'],
    ],
    [['--reload_agents', 'false', 'agents'], ['agents']],
    [['--auto_create_session=false'], []],
    [
      ['--reload_agents', 'agents'],
      ['--reload_agents', 'agents'],
    ],
    [
      ['--url_prefix', 'true'],
      ['--url_prefix', 'true'],
    ],
  ])(
    'takes true and false after a switch, as some official command lines have them: %j',
    (given, expected) => {
      expect(normalizeArguments(['api_server', ...given])).toEqual(['api_server', ...expected])
    },
  )
})

describe('parseOrigins', () => {
  it('adds up what is given once or several times, alone or as a list', () => {
    const first = parseOrigins('https://a.dev, https://b.dev,')
    expect(parseOrigins('http://localhost:3000', first)).toEqual([
      'https://a.dev',
      'https://b.dev',
      'http://localhost:3000',
    ])
  })

  it('does not take a regular expression apart', () => {
    expect(parseOrigins('regex:https://a{1,2}\\.dev')).toEqual(['regex:https://a{1,2}\\.dev'])
  })

  it.each([
    ['https://Example.com/', 'https://example.com'],
    ['https://example.com:443', 'https://example.com'],
    ['vscode-webview://abc/', 'vscode-webview://abc'],
    ['*', '*'],
    ['null', 'null'],
  ])('writes %s as browsers do: %s', (given, expected) => {
    expect(parseOrigins(given)).toEqual([expected])
  })

  it.each(['regex:(', 'localhost', 'https://'])('refuses %s', (given) => {
    expect(() => parseOrigins(given)).toThrow(InvalidArgumentError)
  })
})

it('understands the log levels of all official command lines', () => {
  const given = ['DEBUG', 'info', 'WARNING', 'warn', 'Error', 'CRITICAL', 'silent']
  expect(given.map(parseLogLevel)).toEqual(['debug', 'info', 'warn', 'warn', 'error', 'error', 'silent'])
})

it.each([
  ['/adk', '/adk'],
  ['/adk/', '/adk'],
  ['/', ''],
  ['/a/b//', '/a/b'],
])('takes %s for the prefix "%s"', (given, expected) => {
  expect(parsePrefix(given)).toBe(expected)
})
