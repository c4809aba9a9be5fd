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
    // The database is for tests of PostgreSQL alone, and what tests talk to is on this machine.
    env: { NO_COLOR: '1', DATABASE_URL: '', NO_PROXY: '127.0.0.1,localhost' },
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      thresholds: { lines: 90, functions: 90, branches: 80, statements: 90 },
    },
  },
})
