/** `npm start`, where nobody watches. */

import { expect, test } from 'vitest'
import { nobodyIsLeft, start } from '../support/demo.ts'

test('live, without a terminal, all demos are plain lines and end by themselves with the score board', async () => {
  const demo = start('start')
  expect(await demo.ended).toBe(0)
  const { out, err } = demo.written
  expect(err).toBe('')
  for (const said of ['Broker ', 'Data ', 'posts #1', '┄┄▷', '◇', '──▶', '■', 'Dashboard    http://127.0.0.1:', 'SCORE BOARD'])
    expect(out).toContain(said)
  expect(out.match(/✔ ok/g)).toHaveLength(3)
  expect(out).not.toContain('\u001B[')
  await nobodyIsLeft(demo)
})
