/** Keys that are pressed without Enter, where a terminal has a keyboard. */

import type { ReadStream } from 'node:tty'

/** The keyboard, for as long as it is open. */
export interface Keys {
  /** Does something whenever a key is pressed; a key has one meaning at a time, the latest. Gives back how to take it away. */
  on(key: string, says: string, act: () => unknown): () => void
  /** What every key does now, in one line. */
  readonly help: string
  /** Gives the terminal back as it was. */
  close(): void
}

/** What a key is called. */
export function nameOf(key: string): string {
  return { ' ': 'space', '\r': 'enter' }[key] ?? key
}

/** Listens to the keyboard. `q` and Ctrl-C ask this process to end, as Ctrl-C does without us. */
export function openKeys(stdin: ReadStream, failed: (error: unknown) => void): Keys {
  const acts = new Map<string, { readonly says: string; readonly act: () => unknown }>()
  const press = async (key: string): Promise<void> => {
    if (key === '\u0003' || key === 'q') process.kill(process.pid, 'SIGINT')
    else await acts.get(key === '\n' ? '\r' : key)?.act()
  }
  const hear = (data: Buffer) => {
    for (const key of data.toString()) void press(key).catch(failed)
  }
  stdin.setRawMode(true).resume().on('data', hear)
  return {
    on(key, says, act) {
      const meaning = { says, act }
      acts.set(key, meaning)
      return () => void (acts.get(key) === meaning && acts.delete(key))
    },
    get help() {
      return [...[...acts].map(([key, { says }]) => `${nameOf(key)} ${says}`), 'q quit'].join('   ')
    },
    close() {
      stdin.off('data', hear).setRawMode(false)
      stdin.pause()
    },
  }
}
