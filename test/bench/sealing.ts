/**
 * What sealing costs by itself, beside the same work with WebCrypto: microseconds of CPU for one body closed and opened.
 *
 *     node --conditions=callboard-source --import tsx test/bench/sealing.ts
 */

import { randomBytes, webcrypto } from 'node:crypto'
import { keyring, sealing } from '../../src/extras/seal/index.ts'
import type { SealedAs } from '../../src/index.ts'
import { producer } from '../support/sealed.ts'

const as: SealedAs = { namespace: 'shop', kind: 'input', name: 'mail.send', id: '01ABCDEFGHJKMNPQRSTVWXYZ01' }
const raw = randomBytes(32)
const keys = keyring({ primary: 'k1', keys: { k1: raw } })
const additionalData = Buffer.alloc(150)

/** µs of CPU for one call, over so many of them. */
async function cost(count: number, work: () => unknown): Promise<string> {
  for (let i = 0; i < count / 10; i++) await work()
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await work()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / count).toFixed(0)
}

const web = await webcrypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
const rows: object[] = []
for (const size of [200, 10_000, 1_000_000]) {
  const body = randomBytes(size)
  const count = size > 100_000 ? 200 : 10_000
  const [plain, signed] = [sealing({ keys }), sealing({ keys, ...producer('shop') })]
  rows.push({
    bytes: size,
    sealed: await cost(count, () => plain.open(plain.seal(body, as) as Uint8Array, as)),
    'sealed and signed (Ed25519)': await cost(count / 10, () => signed.open(signed.seal(body, as) as Uint8Array, as)),
    WebCrypto: await cost(count, async () => {
      const iv = randomBytes(12)
      const closed = await webcrypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, web, body)
      await webcrypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, web, closed)
    }),
  })
}
console.table(rows)
