import { expect, onTestFinished, test, vi } from 'vitest'
import type { Outgoing } from '../../src/wire/outgoing.ts'
import type { Stored } from '../../src/wire/receipt.ts'
import { type Begin, Singly } from '../../src/wire/singly.ts'

interface Numbered extends Outgoing {
  readonly n: number
}

interface Sent {
  readonly n: number
  readonly stored: (place: Stored) => void
  readonly failed: (error: unknown) => void
}

/** A broker that answers when it is told to. */
function broker() {
  const sent: Sent[] = []
  const begin: Begin = (message, stored, failed) => sent.push({ n: (message as Numbered).n, stored, failed })
  const answer = (count: number) => {
    for (const { n, stored } of sent.splice(0, count)) stored({ sequence: n + 1, duplicate: false })
  }
  return { sent, begin, answer }
}

const numbered = (count: number, made: number[] = []) => ({
  count,
  at: (n: number): Numbered => {
    made.push(n)
    return { n, subject: 's', headers: '', body: new Uint8Array(0) }
  },
})

/** Lets promises that are settled be heard. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('all are stored, each made once and in order, and never more are under way than there is room for', async () => {
  // How long it takes is judged, too; here it takes no time.
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const { sent, begin, answer } = broker()
  const made: number[] = []
  const heard: [number, number][] = []
  const storing = new Singly(begin, 100).store(numbered(1000, made), (index, { n }, { sequence }) => {
    expect(n).toBe(index)
    heard.push([index, sequence])
  })
  await turn()
  while (heard.length < 1000) {
    expect(sent.length).toBeGreaterThan(0)
    expect(sent.length).toBeLessThanOrEqual(100)
    answer(7)
    await turn()
  }
  expect(await storing).toBe(1000)
  expect(made).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  expect(heard).toEqual(made.map((n) => [n, n + 1]))
})

test('where each message takes long, the rest is left to batches, and so is the next, until that was long ago', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    const { sent, begin, answer } = broker()
    const singly = new Singly(begin, 1000)
    const slow = singly.store(numbered(5000), () => undefined)
    await turn()
    expect(sent.length).toBe(256)
    vi.advanceTimersByTime(80)
    answer(256)
    expect(await slow).toBe(256)
    expect(await singly.store(numbered(5000), () => undefined)).toBe(0)
    vi.advanceTimersByTime(60_001)
    const again = singly.store(numbered(5000), () => undefined)
    await turn()
    expect(sent.length).toBe(256)
    answer(256)
    await turn()
    expect(sent.length).toBe(1000)
    while (sent.length > 0) answer(1000)
    expect(await again).toBe(5000)
  } finally {
    vi.useRealTimers()
  }
})

test('after the first that is refused none is begun, and it is thrown when nothing is under way any more', async () => {
  const { sent, begin, answer } = broker()
  const heard: number[] = []
  const storing = new Singly(begin, 10).store(numbered(100), (index) => heard.push(index))
  let over = false
  const thrown = storing.then(
    () => undefined,
    (error: unknown) => {
      over = true
      return error
    },
  )
  await turn()
  const second = sent.splice(1, 1)[0] as Sent
  second.failed(new Error('refused'))
  answer(4)
  await turn()
  expect([over, sent.length]).toEqual([false, 5])
  answer(5)
  expect(await thrown).toEqual(new Error('refused'))
  expect(heard).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('one that cannot be made, and a broker that refuses at once, end it as well', async () => {
  const at = (): never => {
    throw new Error('not made')
  }
  await expect(new Singly(broker().begin, 10).store({ count: 3, at }, () => undefined)).rejects.toThrow('not made')
  const refusing: Begin = (_, __, failed) => failed(new Error('closed'))
  await expect(new Singly(refusing, 10).store(numbered(3), () => undefined)).rejects.toThrow('closed')
})
