/** What the processes of a demo say to each other over the channel that `fork` opens between them. */

/** What a player tells the stage. Except for `ready`, `sent` and `held` it is what callboard tells of itself: `board.on(…)`. */
export interface Report {
  readonly what: 'ready' | 'stored' | 'started' | 'finished' | 'buried' | 'sent' | 'held'
  /** Id of the event or task. */
  readonly id: string
  readonly style?: 'implicit' | 'explicit'
  /** Name of the topic or task. */
  readonly name?: string
  readonly duplicate?: boolean
  readonly attempt?: number
  readonly verdict?: 'ack' | 'again' | 'bury'
  /** How a run ended, as `returned` or `cancelled`. */
  readonly end?: string
  /** When it will be tried again, in ms. */
  readonly after?: number
  readonly ms?: number
  readonly error?: string
  /** Who a mail went to. */
  readonly to?: string
}

/** What the stage tells a player. */
export interface Cue {
  readonly cue: string
  readonly text?: string
}
