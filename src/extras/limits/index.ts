/** `callboard/limits`: leave to run, across all workers. */

export { gate } from './gate.ts'
