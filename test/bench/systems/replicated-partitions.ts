/** callboard on three servers, with its queue in four partitions. */

export { open } from './partitions.ts'
