/** No server for the run: each process of it has a broker of `callboard/testing`. */

import type { TestProject } from 'vitest/node'

/** In place of an address. */
export const inThisProcess = 'in this process'

export default function setup(project: TestProject): void {
  project.provide('natsUrl', inThisProcess)
}
