/** Every screen, in every state it can be in: nothing there, something of everything, and data that means ill. */

import { mkdirSync, statSync } from 'node:fs'
import { AxeBuilder } from '@axe-core/playwright'
import type { Board } from 'callboard'
import { type Served, serve } from 'callboard/dashboard'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { screens } from '../../src/tools/dashboard/ui/screens/names.ts'
import { openBoard } from '../support/board.ts'
import { openBrowser, type Visit, visit } from '../support/browser.ts'
import { fullBoard, hostileBoard, released, report, sendMail } from '../support/theatre.ts'

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

const more: readonly (readonly [name: string, address: string, seen: string])[] = [
  ['topic', 'topics?topic=books.released', 'alerts'],
  ['queue', 'queues?queue=mail', 'high'],
  ['letter', 'letter?sequence=1', 'bea@example.org'],
  ['detail', 'detail?id=the-callboard', 'because it subscribed'],
  ['upcoming', 'schedules?name=digest', 'On its clock'],
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

/** Whether a page is wider than its window, and what makes it so. */
const overflow = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth')

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: `${pictures}/${name}.png` })
  expect(statSync(`${pictures}/${name}.png`).size).toBeLessThan(150_000)
}

/** A dashboard and a page of it, for all tests of a state. */
function theatre(open: () => Promise<Board>, contracts: 'with contracts' | 'without contracts') {
  const held = {} as { board: Board; served: Served; seen: Visit }
  beforeAll(async () => {
    held.board = await open()
    const options = contracts === 'with contracts' ? { contracts: [released, sendMail, report] } : {}
    held.served = await serve(held.board, { port: 0, ...options })
    held.seen = await visit(browser, held.served.url)
  })
  afterAll(async () => {
    await held.seen?.[Symbol.asyncDispose]()
    await held.served?.close()
    await held.board?.close()
  })
  return {
    get page() {
      return held.seen.page
    },
    get sins() {
      return held.seen.sins
    },
    /** `live`: something happens while one looks on. */
    async goto(address: string, text: string, live = false): Promise<Page> {
      await held.seen.page.emulateMedia({ colorScheme: 'light' })
      await held.seen.page.setViewportSize({ width: 1280, height: 860 })
      await held.seen.page.goto(`${held.served.url}#/${address}`)
      await held.seen.page.getByRole('button', { name: 'live', exact: true }).waitFor()
      if (live) await held.board.publish(released, { isbn: '978-9', title: 'As It Happens' })
      await held.seen.page.getByRole('main').getByText(text).filter({ visible: true }).first().waitFor()
      return held.seen.page
    },
  }
}

describe('a board with something of everything', () => {
  const shown = theatre(fullBoard, 'with contracts')
  const all = [...screens.map(({ name }) => [name, name, full[name] ?? ''] as const), ...more]

  test.each(all)('%s shows it, to everybody, by day and by night, and on a telephone', async (name, address, text) => {
    const page = await shown.goto(address, text, name === 'tail' || name === 'stage')
    await picture(page, name)
    expect(await barriers(page)).toEqual([])
    await page.emulateMedia({ colorScheme: 'dark' })
    if (name === 'stage' || name === 'dead') await picture(page, `${name}-dark`)
    expect(await barriers(page)).toEqual([])
    await page.setViewportSize({ width: 320, height: 700 })
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    if (name === 'stage') await picture(page, `${name}-phone`)
    expect(shown.sins).toEqual([])
  })
})

describe('a board with nothing', () => {
  const shown = theatre(openBoard, 'without contracts')

  test.each(screens.map(({ name }) => name))('%s says that there is nothing, and what to do about it', async (name) => {
    const page = await shown.goto(name, empty[name] ?? '')
    expect(await barriers(page)).toEqual([])
    expect(shown.sins).toEqual([])
  })
})

describe('a board whose data means ill', () => {
  const shown = theatre(hostileBoard, 'without contracts')
  const seen: Readonly<Record<string, string>> = {
    stage: 'rumour.very-',
    topics: 'rumour.very-',
    queues: 'traps',
    messages: 'trap',
    dead: '<img src=x onerror=',
    schedules: 'curtain',
    workers: 'victim',
    metrics: 'Per second',
    tail: 'Waiting for something to happen.',
    contract: 'No contracts',
    health: 'nats-server',
  }
  const all = [
    ...screens.map(({ name }) => [name, seen[name] ?? ''] as const),
    ['letter?sequence=1', '<script>window.pwned=1</script>'],
    ['detail?id=javascript:alert.1//..-_', 'onerror'],
  ] as const

  test.each(all)('%s shows it as what it is, and does nothing of it', async (address, text) => {
    const page = await shown.goto(address, text)
    expect(await page.locator('main img, main script, main b').count()).toBe(0)
    expect(await page.evaluate("'pwned' in globalThis")).toBe(false)
    expect(await page.getByRole('main').textContent()).not.toMatch(/[\u202a-\u202e\u200b\u0007\u001b]/)
    await page.setViewportSize({ width: 320, height: 700 })
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(shown.sins).toEqual([])
  })
})
