/** Says at the very end, alone on a line, how the run went: `N passed, N failed`. */

import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node'

/** How many tests passed; and how much went wrong, whether in a test, around it or outside every test. */
export interface Score {
  passed: number
  failed: number
}

/**
 * Counts a finished run. A test that fails counts once; so does a file or suite that could not run, and an error nobody caught.
 *
 * reason   'failed' with nothing to point at (no test found, a setup that died) counts as one failure
 */
export function score(modules: readonly TestModule[], unhandled: readonly unknown[], reason: TestRunEndReason): Score {
  const counted = { passed: 0, failed: unhandled.length }
  for (const module of modules) {
    if (module.errors().length > 0) counted.failed++
    for (const suite of module.children.allSuites()) if (suite.errors().length > 0) counted.failed++
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counted.passed++
      // What was interrupted before it ended has not passed.
      else if (state !== 'skipped') counted.failed++
    }
  }
  if (reason !== 'passed' && counted.failed === 0) counted.failed = 1
  return counted
}

export default class Verdict implements Reporter {
  // Until a run has ended well, it has failed: a setup that throws never comes as far as onTestRunEnd.
  private final: Score = { passed: 0, failed: 1 }

  onInit(): void {
    // At exit, because teardowns still write after the run has ended.
    process.once('exit', () => {
      if (this.final.failed > 0) process.exitCode ||= 1
      process.stdout.write(`\n${this.final.passed} passed, ${this.final.failed} failed\n`)
    })
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    this.final = score(modules, unhandled, reason)
  }
}
