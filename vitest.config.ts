import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { alias: { 'adk-ts': fileURLToPath(new URL('./src/index.ts', import.meta.url)) } },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    sequence: { shuffle: true },
    pool: 'forks',
    silent: 'passed-only', // what the framework says in a test that passes is of no interest
    testTimeout: 20_000,
    hookTimeout: 30_000,
    env: { NO_COLOR: '1', DATABASE_URL: '' }, // what it names is for tests of PostgreSQL alone
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      thresholds: { lines: 90, functions: 90, branches: 80, statements: 90 },
    },
  },
})
