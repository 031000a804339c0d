import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { startServer } from 'callboard/server'
import { connect } from 'nats'
import { expect, inject, test } from 'vitest'
import { openBoard, thrownBy } from '../support/board.ts'
import { canary, canaryUser, sings } from '../support/canary.ts'
import { program } from '../support/program.ts'

const wrong = 'CANARY-of-another-password'
const payload = 'CANARY-in-a-payload'

/** Everything that a stream keeps, as text. */
async function kept(url: string, stream: string): Promise<string> {
  const nc = await connect({ servers: url, user: 'ann', pass: canary })
  try {
    const manager = await jetstreamManager(nc)
    const { state } = await manager.streams.info(stream)
    const found: string[] = []
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(stream, { seq }).catch(() => null)
      if (message) found.push(`${message.subject} ${Buffer.from(message.data).toString('latin1')}`)
    }
    return found.join('\n')
  } finally {
    await nc.close()
  }
}

test('no password, key or payload is in any log, error, event, metric, ledger or last word of a process', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'callboard-test-'))
  const config = join(folder, 'nats-server.conf')
  await writeFile(config, `listen: 127.0.0.1:-1\njetstream {}\nauthorization { user: ann, password: "${canary}" }`)
  await using server = await startServer({ config, port: 0, store: 'memory' })
  await rm(folder, { recursive: true })
  await using worker = program('test/support/canary-worker.ts', [server.url, 'canaries'], {
    SECRET: canary,
    PAYLOAD: payload,
    WRONG: wrong,
  })
  expect(await worker.ended).toBe(1)
  const written = worker.written()
  expect(written).toContain('done')
  const leaks = written.split('\n').filter((line) => [canary, wrong, payload].some((secret) => sings(line, secret)))
  expect(leaks.map((line) => line.slice(0, 600))).toEqual([])
  // It has said a lot, and died of the wrong password.
  for (const word of [
    'AUTH',
    'INVALID_URL',
    'INVALID_PAYLOAD',
    'SCHEMA_MISMATCH',
    'WRONG_KEY',
    'PAYLOAD_TOO_LARGE',
    'callboard_',
    'event buried',
    'ledger',
  ])
    expect(written).toContain(word)
  expect(written).toMatch(/^ledger /m)
  expect(await kept(server.url, 'CANARIES_LEDGER')).not.toContain('CANARY')
  expect(server.log.join('\n')).not.toContain('CANARY')
})

test('the tests log in with a secret, and another one is refused', async () => {
  await using board = await openBoard()
  expect(board.namespace).toMatch(/^t/)
  const error = await thrownBy(openBoard({ servers: inject('natsUrl'), user: canaryUser, password: 'another' }))
  expect(error).toMatchObject({ code: 'AUTH' })
})

test.each([canary, encodeURIComponent(canary), Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64')])(
  'a secret is found in the form of %#',
  (form) => expect(sings(`before ${form} after`)).toBe(true),
)
