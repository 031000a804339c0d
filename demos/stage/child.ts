/** A player's end of the channel: tells the stage what callboard tells of itself, and leaves when the stage says so or is gone. */

import type { Board } from 'callboard'
import type { Cue, Report } from './report.ts'

/** What a player can do on the stage. */
export interface OnStage {
  /** To be called when everything has begun. */
  ready(): void
  tell(what: Report['what'], report: Omit<Report, 'what'>): void
  /** Does something whenever the stage asks for it. */
  onCue(cue: string, act: (text: string) => unknown): void
}

/**
 * Puts a process on the stage. Run by hand, without one, it prints what it would tell, and ends with Ctrl-C.
 *
 * close   what is to be closed beside the board
 */
export function onStage(board: Board, close: () => unknown = () => undefined): OnStage {
  const tell: OnStage['tell'] = (what, report) => {
    const said: Report = { what, ...report }
    if (process.send) process.send(said, undefined, undefined, () => undefined)
    else console.log(JSON.stringify(said))
  }
  const onCue: OnStage['onCue'] = (wanted, act) => {
    process.on('message', ({ cue, text }: Cue) => cue === wanted && act(text ?? ''))
  }
  async function leave(): Promise<void> {
    await board.close({ drain: '5s' })
    await close()
    process.exit(0)
  }

  board.on('stored', ({ id, style, name, duplicate }) => tell('stored', { id, style, name, duplicate }))
  board.on('started', ({ id, name, attempt }) => tell('started', { id, name, attempt }))
  board.on('buried', ({ id, name, attempt, obituary }) => tell('buried', { id, name, attempt, error: obituary.error.message }))
  board.on('finished', ({ id, name, attempt, verdict, end, after, ms, error }) =>
    tell('finished', {
      id,
      name,
      attempt,
      verdict,
      end,
      ms,
      ...(after === undefined ? {} : { after }),
      ...(error ? { error: `${error}` } : {}),
    }),
  )

  // With a stage, Ctrl-C reaches every process of the terminal; it is the stage that says when to leave.
  process.on('SIGINT', () => process.send ?? leave())
  process.on('disconnect', () => process.exit(1))
  if (process.send && !process.connected) process.exit(1)
  onCue('leave', leave)
  return { tell, onCue, ready: () => tell('ready', { id: '' }) }
}
