/** A browser for tests: pages that complain about whatever a page must not do. */

import { type Browser, type BrowserContext, type BrowserContextOptions, type ConsoleMessage, chromium, type Page } from 'playwright-core'
import { inject } from 'vitest'

/** Starts the browser. Close it in the end. Throws, where there is none, why. */
export async function openBrowser(): Promise<Browser> {
  const found = inject('chromium')
  if ('why' in found) throw new Error(found.why)
  return chromium.launch({
    executablePath: found.path,
    // Chromium's own sandbox needs rights that a container and root do not give.
    args: ['--no-sandbox'],
    env: { ...(process.env as Record<string, string>), ...found.env },
  })
}

/** A page, and what it did that it must not. */
export interface Visit extends AsyncDisposable {
  readonly page: Page
  readonly context: BrowserContext
  /**
   * Errors on the console, errors nobody caught, refusals by the content security policy, requests to other origins.
   * An answer that is an error stands there with its address: `404 api/letter?sequence=1`.
   */
  readonly sins: string[]
}

/** Opens an address in a context of its own. `lost` says that the server may be away: failed requests are no sin then. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { readonly lost?: boolean } = {},
): Promise<Visit> {
  const { lost = false, ...rest } = options
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', timezoneId: 'UTC', ...rest })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const sins: string[] = []
  const origin = new URL(url).origin
  page.on('console', (message) => {
    const network = /Failed to load resource|net::ERR/.test(message.text())
    if (message.type() === 'error' && !(lost && network)) sins.push(answered(message) ?? message.text())
  })
  page.on('pageerror', (error) => sins.push(String(error.stack)))
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) sins.push(`asked ${request.url()}`)
  })
  await page.goto(url)
  return { page, context, sins, [Symbol.asyncDispose]: () => context.close() }
}

/** Of the complaint about an answer: its status and what was asked. */
function answered(message: ConsoleMessage): string | undefined {
  const status = /Failed to load resource: the server responded with a status of (\d+)/.exec(message.text())?.[1]
  return status && `${status} ${message.location().url.replace(/^.*?\/(?=api\/)/, '')}`
}
