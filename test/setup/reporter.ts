/** Says at the very end, alone on a line, how the run went: `N passed, N failed`. */

import { inspect } from 'node:util'
import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node'
import { sings } from '../support/canary.ts'

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

/** Errors that give away the secret which the tests log in with. */
export function leaksIn(modules: readonly TestModule[], unhandled: readonly unknown[]): string[] {
  const told = (error: unknown) => sings(inspect(error, { depth: 10 }))
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const errors = tests.filter((test) => (test.result().errors ?? []).some(told)).map(({ fullName }) => `an error of "${fullName}"`)
  return unhandled.some(told) ? [...errors, 'an error that nobody caught'] : errors
}

export default class Verdict implements Reporter {
  /** Where the secret of the tests was seen. */
  private readonly leaks: string[] = []
  // Until a run has ended well, it has failed: a setup that throws never comes as far as onTestRunEnd.
  private final: Score = { passed: 0, failed: 1 }

  onInit(): void {
    // At exit, because teardowns still write after the run has ended.
    process.once('exit', () => {
      if (this.final.failed > 0) process.exitCode ||= 1
      process.stdout.write(`\n${this.final.passed} passed, ${this.final.failed} failed\n`)
    })
  }

  onUserConsoleLog({ content, taskId }: { readonly content: string; readonly taskId?: string }): void {
    if (sings(content)) this.leaks.push(`what ${taskId ?? 'a test'} has written`)
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    this.final = score(modules, unhandled, reason)
    this.leaks.push(...leaksIn(modules, unhandled))
    this.final.failed += this.leaks.length
    for (const leak of this.leaks) process.stdout.write(`\nThe secret that tests log in with is in ${leak}.\n`)
  }
}
