import type { Env } from './cache.ts'

/** What a source is given to work with. */
export interface Errand {
  readonly env: Env
  /** A private folder, removed afterwards. */
  readonly folder: string
  /** Where the binary will be kept, for messages. */
  readonly cache: string
  readonly notice: (line: string) => void
  readonly signal: AbortSignal | undefined
}
