/** A browser for the whole run. Where none can be had, each test that needs one says why and fails. */

import type { TestProject } from 'vitest/node'
import { type Chromium, findChromium } from '../support/chromium.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The browser to start, or why there is none. */
    chromium: Chromium | { readonly why: string }
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const found = await findChromium((line) => process.stderr.write(`${line}\n`)).catch((error: Error) => ({ why: error.message }))
  project.provide('chromium', found)
}
