import { defineConfig } from 'vitest/config'
import { guardTakenAway } from './test/guards/without-guard.ts'

export default defineConfig({
  test: {
    projects: [
      {
        plugins: guardTakenAway(),
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/unit/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // Nothing here keeps state of a module's own, so one load of the modules serves all files: a fifth of the time.
          pool: 'threads',
          isolate: false,
        },
      },
      {
        test: {
          name: 'stack',
          include: ['test/stack/**/*.test.ts'],
          globalSetup: ['test/stack/shared-cluster.ts'],
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          pool: 'forks',
        },
      },
    ],
  },
})
