import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const read = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Read by the libraries we use. */
const FOREIGN = [
  'GOOGLE_APPLICATION_CREDENTIALS',
  'HTTPS_PROXY',
  'NO_COLOR',
  'NO_PROXY',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_SERVICE_NAME',
]

/** Names of variables in files that read the environment. */
async function variablesRead(): Promise<Set<string>> {
  const entries = await readdir(new URL('../../src', import.meta.url), { recursive: true })
  const texts = await Promise.all(
    entries.filter((path) => path.endsWith('.ts')).map((path) => read(`src/${path}`)),
  )
  const readers = texts.filter((text) => text.includes('process.env'))
  expect(readers.length).toBeGreaterThan(2)
  return new Set(
    readers.flatMap(
      (text) => text.match(/(?<=['.])(?:ADK|GOOGLE|GEMINI|OTEL|DATABASE|STORAGE)_[A-Z_]+\b/g) ?? [],
    ),
  )
}

it('.env.example explains every variable that is read, and no other', async () => {
  const example = await read('.env.example')
  const told = new Set(Array.from(example.matchAll(/^(?:# )?([A-Z][A-Z_]+)=/gm), ([, name = '']) => name))
  expect([...told].toSorted()).toEqual([...(await variablesRead()), ...FOREIGN].toSorted())
  for (const name of told)
    expect(example).toMatch(new RegExp(`^# .+\\n(?:# [A-Z_]+=.*\\n)*(?:# )?${name}=`, 'm'))
})
