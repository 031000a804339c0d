/** All screens: what they are called and how they are reached, in the order of the navigation. */

/** A screen. */
export interface ScreenName {
  readonly name: string
  readonly title: string
  readonly glyph: string
  /** Reached by `g` and this. */
  readonly key: string
}

/** In the order of the navigation. */
export const screens = [
  { name: 'stage', title: 'Stage', glyph: '◈', key: 's' },
  { name: 'topics', title: 'Topics', glyph: '◇', key: 't' },
  { name: 'queues', title: 'Queues', glyph: '■', key: 'q' },
  { name: 'messages', title: 'Messages & tasks', glyph: '≡', key: 'm' },
  { name: 'dead', title: 'Dead letters', glyph: '✕', key: 'd' },
  { name: 'schedules', title: 'Schedules', glyph: '◷', key: 'c' },
  { name: 'workers', title: 'Workers', glyph: '◐', key: 'w' },
  { name: 'metrics', title: 'Metrics', glyph: '∿', key: 'x' },
  { name: 'contract', title: 'Contracts', glyph: '§', key: 'a' },
  { name: 'tail', title: 'Live tail', glyph: '↓', key: 'l' },
  { name: 'health', title: 'Health', glyph: '✓', key: 'h' },
] as const satisfies readonly ScreenName[]
