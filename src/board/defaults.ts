/** What holds where nobody says otherwise. */

/** Everything that can be set on a binding, once. Times in ms. */
export const defaults = {
  /** Runs in all, the first included. */
  attempts: 5,
  /** Full jitter between nothing and a ceiling that doubles from the first to the second. */
  backoff: '1s..5m',
  /** One run; then ctx.signal aborts and the run counts as failed. */
  timeout: 60_000,
  /** Handlers at once, per binding and process. */
  concurrency: 10,
  /** How many keys of an ordered task run at once. */
  strands: 16,
  /** How long the broker waits for a sign of life before it hands a delivery to another worker. */
  lease: 30_000,
  /** stop(): how long running handlers may finish. */
  drain: 30_000,
  /** How long a result is kept. */
  keep: 3_600_000,
} as const
