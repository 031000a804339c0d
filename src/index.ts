/** The public door: names, no logic. */
export { CallboardError } from './base/errors.ts'
