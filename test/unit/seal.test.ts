import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { CallboardError, type SealedAs, Snooze } from 'callboard'
import { type Keys, keyring, type SealingOptions, sealing } from 'callboard/seal'
import { describe, expect, test } from 'vitest'
import { producer, sharing, twoKeys } from '../support/sealed.ts'

const as: SealedAs = { namespace: 'shop', kind: 'input', name: 'mail.send', id: '1' }
const body = Buffer.from('the secret of the house')

/** The code of what is thrown; undefined: nothing is. */
async function codeOf(work: () => unknown): Promise<string | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (error instanceof CallboardError) return error.code
    throw error
  }
}

const sealed = (options: SealingOptions, bytes: Uint8Array = body, who = as) => sealing(options).seal(bytes, who) as Uint8Array

describe('a sealed body', () => {
  test('opens as what it was, and shows nothing of it outside', () => {
    const keys = twoKeys()
    for (const bytes of [body, new Uint8Array(0), randomBytes(100_000)]) {
      const closed = Buffer.from(sealed({ keys }, bytes))
      expect(Buffer.compare(sealing({ keys }).open(closed, as) as Uint8Array, bytes)).toBe(0)
      if (bytes.length > 0) expect(closed.includes(Buffer.from(bytes))).toBe(false)
    }
  })

  test('is 98 bytes larger with a key of two letters, and one that is signed 68 more', () => {
    const keys = twoKeys()
    expect(sealed({ keys }).length - body.length).toBe(98)
    expect(sealed({ keys, sign: producer('shop').sign }).length - body.length).toBe(166)
  })

  test('has another nonce and another ciphertext each time', () => {
    const seal = sealing({ keys: twoKeys() })
    const all = new Set(Array.from({ length: 1000 }, () => Buffer.from(seal.seal(body, as) as Uint8Array).toString('base64')))
    expect(all.size).toBe(1000)
  })

  test('opens for no other message: not of another id, contract, kind or namespace', async () => {
    const keys = twoKeys()
    const closed = sealed({ keys })
    const others: Partial<SealedAs>[] = [{ id: '2' }, { name: 'mail.sent' }, { kind: 'event' }, { kind: 'result' }, { namespace: 'other' }]
    for (const other of others) expect(await codeOf(() => sealing({ keys }).open(closed, { ...as, ...other }))).toBe('SEAL_BROKEN')
  })

  test('does not open after any one of its bits was turned, nor cut, nor lengthened', async () => {
    const { sign, trust } = producer('shop')
    const keys = twoKeys()
    const seal = sealing({ keys, sign, trust })
    const closed = sealed({ keys, sign })
    const codes = new Set<string | undefined>()
    for (let bit = 0; bit < closed.length * 8; bit++) {
      const turned = Buffer.from(closed)
      turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7))
      codes.add(await codeOf(() => seal.open(turned, as)))
    }
    expect([...codes].sort()).toEqual(['BAD_SIGNATURE', 'NOT_SEALED', 'NOT_SIGNED', 'SEAL_BROKEN', 'SEAL_UNSUPPORTED', 'UNKNOWN_SIGNER'])
    const unsigned = sealed({ keys })
    for (let bit = 0; bit < unsigned.length * 8; bit++) {
      const turned = Buffer.from(unsigned)
      turned[bit >> 3] = (turned[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(await codeOf(() => sealing({ keys }).open(turned, as)), `bit ${bit}`).toBeDefined()
    }
    for (let length = 0; length < unsigned.length; length++)
      expect(await codeOf(() => sealing({ keys }).open(unsigned.subarray(0, length), as)), `${length} bytes`).toBeDefined()
    expect(await codeOf(() => sealing({ keys }).open(Buffer.concat([unsigned, Buffer.of(0)]), as))).toBe('SEAL_BROKEN')
  })

  test('of another version is told apart from one that is broken', async () => {
    const keys = twoKeys()
    const closed = sealed({ keys }).slice()
    closed[4] = 9
    expect(await codeOf(() => sealing({ keys }).open(closed, as))).toBe('SEAL_UNSUPPORTED')
  })
})

describe('keys', () => {
  test('may be rotated: what the old one has sealed opens, what is new is sealed with the new one', async () => {
    const keys = twoKeys()
    const seal = sealing({ keys })
    const old = seal.seal(body, as) as Uint8Array
    keys.promote('k2')
    const fresh = seal.seal(body, as) as Uint8Array
    expect([old, fresh].map((each) => Buffer.from(each.subarray(2, 4)).toString())).toEqual(['k1', 'k2'])
    for (const each of [old, fresh]) expect(Buffer.from(await sealing({ keys }).open(each, as))).toEqual(body)
    keys.remove('k1')
    expect(await codeOf(() => sealing({ keys }).open(old, as))).toBe('UNKNOWN_KEY')
  })

  test('that are missing, or others under the same id, are told apart', async () => {
    const closed = sealed({ keys: twoKeys() })
    expect(await codeOf(() => sealing({ keys: keyring({ primary: 'x', keys: { x: randomBytes(32) } }) }).open(closed, as))).toBe(
      'UNKNOWN_KEY',
    )
    expect(await codeOf(() => sealing({ keys: twoKeys() }).open(closed, as))).toBe('WRONG_KEY')
    expect(await codeOf(() => sealing({ trust: {} }).open(sealed({ keys: twoKeys(), ...sharing('a') }), as))).toBe('UNKNOWN_SIGNER')
  })

  test('are refused where they are none, without being shown', async () => {
    const secret = 'c2VjcmV0IHNlY3JldA=='
    for (const keys of [
      { k1: secret },
      { k1: new Uint8Array(31) },
      { 'k 1': randomBytes(32) },
      { k1: createSecretKey(randomBytes(16)) },
      {},
    ]) {
      const error = await Promise.resolve()
        .then(() => keyring({ primary: 'k1', keys }))
        .catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(CallboardError)
      expect(`${error} ${JSON.stringify(error)}`).not.toContain(secret)
    }
    expect(await codeOf(() => twoKeys().remove('k1'))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(() => twoKeys().promote('k3'))).toBe('UNKNOWN_KEY')
  })

  test('are not to be seen in what is printed of a keyring or a seal', () => {
    const key = randomBytes(32)
    const keys = keyring({ primary: 'k1', keys: { k1: key } })
    const seal = sealing({ keys, ...sharing('shop') })
    seal.seal(body, as)
    const printed = [keys, seal].map((each) => `${inspect(each, { depth: 9, showHidden: true })} ${JSON.stringify(each)}`).join()
    for (const form of ['hex', 'base64', 'latin1'] as const) expect(printed).not.toContain(key.toString(form))
  })

  test('may lie with a service that is asked: once for many messages, and again when it could not be asked', async () => {
    const inner = twoKeys()
    let [wraps, unwraps, away] = [0, 0, false]
    const keys: Keys = {
      primary: 'k1',
      wrap: async (key, id) => {
        wraps++
        if (away) throw new Error('the service is away')
        return inner.wrap(key, id)
      },
      unwrap: async (wrapped, id) => {
        unwraps++
        if (away) throw new Error('the service is away')
        return inner.unwrap(wrapped, id)
      },
    }
    away = true
    await expect(sealing({ keys }).seal(body, as)).rejects.toThrow('the service is away')
    away = false
    const seal = sealing({ keys })
    const all = await Promise.all(Array.from({ length: 100 }, () => seal.seal(body, as)))
    for (const each of all) expect(Buffer.from(await seal.open(each, as))).toEqual(body)
    expect([wraps, unwraps]).toEqual([2, 1])
    away = true
    await expect(sealing({ keys }).open(all[0] as Uint8Array, as)).rejects.toBeInstanceOf(Snooze)
  })

  test('are made for each message where they are not to be used again', () => {
    const inner = twoKeys()
    let wraps = 0
    const keys: Keys = {
      primary: 'k1',
      wrap(key, id) {
        wraps++
        return inner.wrap(key, id)
      },
      unwrap: inner.unwrap,
    }
    const seal = sealing({ keys, reuse: 0 })
    for (let n = 0; n < 10; n++) seal.seal(body, as)
    expect(wraps).toBe(10)
  })
})

describe('a signature', () => {
  test.each([
    ['Ed25519', producer],
    ['HMAC', sharing],
  ])('by %s tells who produced it, with encryption and without', async (_, made) => {
    const [shop, stranger, same] = [made('shop'), made('stranger'), made('shop')]
    for (const keys of [undefined, twoKeys()]) {
      const common = keys === undefined ? {} : { keys }
      const worker = sealing({ ...common, trust: shop.trust })
      expect(Buffer.from(worker.open(sealed({ ...common, sign: shop.sign }), as) as Uint8Array)).toEqual(body)
      expect(await codeOf(() => worker.open(sealed({ ...common, sign: stranger.sign }), as))).toBe('UNKNOWN_SIGNER')
      expect(await codeOf(() => worker.open(sealed({ ...common, sign: same.sign }), as))).toBe('BAD_SIGNATURE')
      expect(await codeOf(() => worker.open(sealed({ ...common, sign: shop.sign }), { ...as, id: '2' }))).toBe('BAD_SIGNATURE')
      if (keys) expect(await codeOf(() => worker.open(sealed({ keys }), as))).toBe('NOT_SIGNED')
    }
  })

  test('is not made by whoever knows only the key to check it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const pair = producer('shop')
    for (const key of [publicKey, privateKey, pair.trust.shop, createSecretKey(randomBytes(8))])
      expect(await codeOf(() => sealing({ sign: { id: 'shop', key: key as never } }))).toBe('INVALID_OPTION')
    expect(await codeOf(() => sealing({ trust: { shop: pair.sign.key } }))).toBe('INVALID_OPTION')
  })

  test('is not asked of results, which workers make', () => {
    const keys = twoKeys()
    const { trust } = producer('shop')
    const result = { ...as, kind: 'result' } as const
    expect(Buffer.from(sealing({ keys, trust }).open(sealed({ keys }, body, result), result) as Uint8Array)).toEqual(body)
  })
})

describe('what is not sealed', () => {
  test('is refused, and taken only where that is wished', async () => {
    const keys = twoKeys()
    expect(await codeOf(() => sealing({ keys }).open(body, as))).toBe('NOT_SEALED')
    expect(sealing({ keys, plain: 'accept' }).open(body, as)).toBe(body)
  })

  test('and signed only is not taken for encrypted, also where plain bodies are taken', async () => {
    const { sign, trust } = producer('shop')
    expect(await codeOf(() => sealing({ keys: twoKeys(), trust, plain: 'accept' }).open(sealed({ sign }), as))).toBe('NOT_SEALED')
  })
})

test('options that do not exist, and none at all, are refused', async () => {
  expect(await codeOf(() => sealing({} as SealingOptions))).toBe('INVALID_OPTION')
  expect(await codeOf(() => sealing({ kyes: 1 } as never))).toBe('UNKNOWN_OPTION')
  expect(await codeOf(() => sealing({ keys: twoKeys(), plain: 'maybe' as never }))).toBe('INVALID_OPTION')
})
