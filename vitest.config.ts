/** One run, six projects: what needs no broker, what needs one, what needs a browser, the types, the repository's own promises, the demos. */

import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// `import … from 'callboard'` means the source here, as package.json says under this name; the others are vite's own, without `module`:
// what packages give under it is for bundlers, and Node cannot always import it.
const conditions = ['callboard-source', 'node', 'development|production']
const shared = {
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Node 20 does not know `await using`; it is written out for it.
  oxc: { target: 'node20' },
} as const

// Where a test waits it says itself for how long, and what did not happen; this ends the ones that hang elsewhere.
const patience = { testTimeout: 600_000, hookTimeout: 600_000 }
const onBroker = { globalSetup: ['test/setup/broker.ts'], ...patience }

/** What is promised on a real broker and on the one of `callboard/testing` alike. */
const onBothBrokers = ['task', 'topic', 'batch', 'queue-bounded', 'runtime', 'ledger', 'admin']

export default defineConfig({
  test: {
    pool: 'forks',
    // The broker tests mostly wait, so there may be more of them than cores.
    maxWorkers: Math.max(4, availableParallelism()),
    reporters: ['default', './test/setup/reporter.ts'],
    projects: [
      { ...shared, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...patience } },
      {
        ...shared,
        test: {
          name: 'broker',
          include: ['test/broker/**/*.test.ts', 'test/regression/**/*.test.ts'],
          ...onBroker,
          globalSetup: ['test/setup/broker.ts', 'test/setup/built.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'fake',
          include: onBothBrokers.map((name) => `test/broker/${name}.test.ts`),
          ...patience,
          globalSetup: ['test/setup/fake.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          ...patience,
          globalSetup: ['test/setup/broker.ts', 'test/setup/browser.ts'],
        },
      },
      {
        ...shared,
        test: {
          name: 'types',
          include: [],
          typecheck: { enabled: true, only: true, include: ['test/types/**/*.test-d.ts'], tsconfig: 'test/types/tsconfig.json' },
        },
      },
      // Some of these compile the whole source, beside all the others on few cores.
      { ...shared, test: { name: 'repo', include: ['test/repo/**/*.test.ts'], ...patience } },
      // The demos wait for what happens and not for the clock, so they may run beside all the others.
      {
        ...shared,
        test: { name: 'demos', include: ['test/demos/**/*.test.ts'], ...onBroker },
      },
    ],
  },
})
