/**
 * `callboard/pull`: take work yourself, side by side with those who perform it.
 *
 *     await using pulled = await pull(board, sendMail, { max: 10, wait: '20s' })
 *     for (const item of pulled) item.ack(await smtp.send(item.input))
 */

export { type NackOptions, type Pulled, PulledTask, type PullOptions, pull } from './pull.ts'
