/** Every screen, in every state it can be in: nothing there, something of everything, data that means ill, and a broker that is lost. */

import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import { type Board, callboard } from 'callboard'
import { type Contract, type Served, serve } from 'callboard/dashboard'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { screens } from '../../src/tools/dashboard/ui/screens/names.ts'
import { openBoard } from '../support/board.ts'
import { openBrowser, type Visit, visit } from '../support/browser.ts'
import { namespace } from '../support/namespace.ts'
import { type OwnBroker, ownBroker } from '../support/outage.ts'
import { fullBoard, hostileBoard, ill, released, report, sendMail, trap } from '../support/theatre.ts'
import { until } from '../support/until.ts'

const pictures = process.env.CALLBOARD_SCREENS

/** How a screen looks that has nothing to show. */
const empty: Readonly<Record<string, string>> = {
  stage: 'Nothing was published, and nobody listens yet.',
  topics: 'No topics.',
  queues: 'No queues.',
  messages: 'Nothing waits, and nothing has died.',
  dead: 'No dead letters.',
  schedules: 'No schedules.',
  workers: 'No worker is connected.',
  metrics: 'Nothing has happened in this time.',
  tail: 'Waiting for something to happen.',
  contract: 'No contracts were given to this dashboard.',
  health: 'All is well.',
}

/** What is seen on a screen that has something to show. */
const full: Readonly<Record<string, string>> = {
  stage: 'recommendations',
  topics: 'books.released',
  queues: 'no worker is there',
  messages: 'report.pdf',
  dead: '550 no such mailbox',
  schedules: 'Asia/Kolkata',
  workers: 'mail-planner',
  metrics: 'Time a run takes',
  tail: 'recommendations',
  contract: 'who gets it',
  health: 'nats-server',
}

/** Pages of one thing: where they are when it is there and when it is not, and what is seen then. */
const more: readonly (readonly [name: string, address: string, seen: string, none: string, text: string])[] = [
  ['topic', 'topics?topic=books.released', 'alerts', 'topics?topic=nothing', 'There is no topic nothing.'],
  ['queue', 'queues?queue=mail', 'high', 'queues?queue=nothing', 'There is no queue nothing.'],
  ['letter', 'letter?sequence=1', 'bea@example.org', 'letter?sequence=999', 'There is no dead letter 999'],
  ['detail', 'detail?id=the-callboard', 'because it subscribed', 'detail?id=nothing', 'Nothing is known of nothing.'],
  ['upcoming', 'schedules?name=digest', 'On its clock', 'schedules?name=nothing', 'No schedules.'],
]

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

/** What is wrong with a page for those who do not see it, or do not use a mouse. */
async function barriers(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze()
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`))
}

/** Makes the window as narrow as that of a telephone, and waits until the page has followed: a chart hears of its new width a little later. */
async function narrow(page: Page): Promise<void> {
  await page.setViewportSize({ width: 320, height: 700 })
  const fits = 'innerWidth === 320 && document.documentElement.scrollWidth <= innerWidth'
  await until('nothing is wider than the window', () => page.evaluate<boolean>(fits))
}

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}/${name}.png` })
  expect(statSync(`${pictures}/${name}.png`).size).toBeLessThan(150_000)
}

/** A small picture of a screen in one of its states. */
async function sketch(page: Page, state: State, name: string): Promise<void> {
  if (!pictures) return
  mkdirSync(`${pictures}/states`, { recursive: true })
  const session = await page.context().newCDPSession(page)
  const clip = { x: 0, y: 0, width: 1280, height: 860, scale: 0.5 }
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 60, clip })
  await session.detach()
  const bytes = Buffer.from(data, 'base64')
  writeFileSync(`${pictures}/states/${name}-${state}.webp`, bytes)
  expect(bytes.length).toBeLessThan(40_000)
}

type State = 'empty' | 'full' | 'hostile' | 'stale'

/** A dashboard and a page of it, for all tests of a state. `open` gives the board, and how to do away with it. */
function theatre(open: () => Promise<readonly [Board, () => Promise<void>]>, contracts: readonly Contract[]) {
  const held = {} as { board: Board; close: () => Promise<void>; served: Served; seen: Visit }
  beforeAll(async () => {
    const [board, close] = await open()
    const served = await serve(board, { port: 0, contracts })
    Object.assign(held, { board, close, served, seen: await visit(browser, served.url) })
  })
  afterAll(async () => {
    await held.seen?.[Symbol.asyncDispose]()
    await held.served?.close()
    await held.close?.()
  })
  return {
    get board() {
      return held.board
    },
    get sins() {
      return held.seen.sins
    },
    /** Goes to a screen and waits until a text is seen on it. `happens` is done while one looks on. */
    async goto(
      address: string,
      text: string,
      { standing = 'live', happens = async (): Promise<unknown> => undefined } = {},
    ): Promise<Page> {
      const { page, sins } = held.seen
      // What a screen did before is told by its own test.
      sins.splice(0)
      await page.emulateMedia({ colorScheme: 'light' })
      await page.setViewportSize({ width: 1280, height: 860 })
      await page.goto(`${held.served.url}#/${address}`)
      await page.getByRole('button', { name: standing, exact: true }).waitFor()
      await happens()
      await page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor()
      return page
    },
  }
}

/** A board that is closed in the end. */
const alone = (open: () => Promise<Board>) => async (): Promise<readonly [Board, () => Promise<void>]> => {
  const board = await open()
  return [board, () => board.close()]
}

const everything = [released, sendMail, report] as readonly Contract[]
/** All there is to see of a full board. */
const all = [
  ...screens.map(({ name }) => [name, name, full[name] ?? ''] as const),
  ...more.map(([...each]) => [each[0], each[1], each[2]] as const),
]

describe('a board with something of everything', () => {
  const shown = theatre(alone(fullBoard), everything)

  test.each(all)('%s shows it, to everybody, by day and by night, and on a telephone', async (name, address, text) => {
    const happens = async () =>
      (name === 'tail' || name === 'stage') && shown.board.publish(released, { isbn: '978-9', title: 'As It Happens' })
    const page = await shown.goto(address, text, { happens })
    await picture(page, name)
    await sketch(page, 'full', name)
    expect(await barriers(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    if (name === 'stage' || name === 'dead') await picture(page, `${name}-dark`)
    expect(await barriers(page)).toEqual([])
    await narrow(page)
    if (name === 'stage') await picture(page, `${name}-phone`)
    expect(shown.sins).toEqual([])
  })
})

describe('a board with nothing', () => {
  const shown = theatre(alone(openBoard), [])
  const nothing = [
    ...screens.map(({ name }) => [name, name, empty[name] ?? ''] as const),
    ...more.map(([...each]) => [each[0], each[3], each[4]] as const),
  ]

  test.each(nothing)('%s says that there is nothing, and what to do about it', async (name, address, text) => {
    const page = await shown.goto(address, text)
    await sketch(page, 'empty', name)
    expect(await barriers(page)).toEqual([])
    // That something was not found is told by its status, too.
    expect(shown.sins.filter((sin) => !/^404 api\/(letter|detail)\?/.test(sin))).toEqual([])
  })
})

describe('a board whose data means ill', () => {
  const shown = theatre(alone(hostileBoard), [trap as Contract])
  const seen: readonly (readonly [name: string, address: string, text: string])[] = [
    ['stage', 'stage', 'rumour.very-'],
    ['topics', 'topics', 'rumour.very-'],
    ['queues', 'queues', 'traps'],
    ['messages', 'messages', 'trap'],
    ['dead', 'dead', '<img src=x onerror='],
    ['schedules', 'schedules', 'curtain'],
    ['workers', 'workers', 'victim'],
    ['metrics', 'metrics', 'Per second'],
    ['tail', 'tail', '<img src=x onerror='],
    ['contract', 'contract', '<img src=x onerror='],
    ['health', 'health', 'nats-server'],
    ['topic', `topics?topic=rumour.${'very-'.repeat(25)}long`, 'Pause…'],
    ['queue', 'queues?queue=traps', 'Purge…'],
    ['letter', 'letter?sequence=1', '<script>window.pwned=1</script>'],
    ['detail', 'detail?id=javascript:alert.1//..-_', 'onerror'],
    ['upcoming', 'schedules?name=curtain', 'On its clock'],
  ]

  test.each(seen)('%s shows it as what it is, and does nothing of it', async (name, address, text) => {
    const happens = async () => name === 'tail' && shown.board.enqueue(trap, ill)
    const page = await shown.goto(address, text, { happens })
    await sketch(page, 'hostile', name)
    expect(await page.locator('main img, main script, main b').count()).toBe(0)
    expect(await page.evaluate("'pwned' in globalThis")).toBe(false)
    expect(await page.getByRole('main').textContent()).not.toMatch(/[\u202a-\u202e\u200b\u0007\u001b]/)
    await narrow(page)
    expect(shown.sins).toEqual([])
  })
})

describe('a board whose broker is lost', () => {
  let broker: OwnBroker
  const shown = theatre(async () => {
    broker = await ownBroker()
    const board = await fullBoard(await callboard({ servers: broker.url, namespace: namespace(), log: false }))
    const close = async () => {
      await board.close({ drain: 0 })
      await broker[Symbol.asyncDispose]()
    }
    return [board, close]
  }, everything)
  beforeAll(async () => {
    for (const [name, address, text] of all)
      await shown.goto(address, text, {
        happens: async () => name === 'tail' && shown.board.publish(released, { isbn: '978-9', title: 'The Last' }),
      })
    await broker.kill()
  })

  test.each(all)('%s shows what was known last, says that it is old, and lets nobody act', async (name, address, text) => {
    const page = await shown.goto(address, text, { standing: 'broker lost' })
    const main = page.getByRole('main')
    await main.getByText(/The broker is lost for .* This is the last known state/).waitFor()
    await sketch(page, 'stale', name)
    const acts = main.getByRole('button', { name: /…$|^Publish/ })
    for (const act of await acts.all()) expect(await act.isDisabled()).toBe(true)
  })
})
