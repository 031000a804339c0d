/**
 * Who may ask for what: pure rules over a request, applied before anything else looks at it.
 *
 * A page somewhere else must not be able to act through the browser of somebody who may: another host name that was pointed here
 * (DNS rebinding), a form or script of another site (CSRF), a frame around our page (clickjacking).
 */

/** What somebody may do: look, or also act. */
export type Role = 'reader' | 'operator'

/** Why a request was refused, as it is told. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429
  readonly what: string
  readonly fix: string
}

/** The header that no form and no foreign script can send without being asked about it by the browser first. */
export const actHeader = 'x-callboard'

/** Sent with every answer. */
export const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
}

/** Whether a name is this machine, seen from itself. */
export function loopback(host: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}

/** The name in a Host header, without its port: `[::1]:4600` → `[::1]`. */
export function hostname(host: string): string {
  return (/^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(host)?.[1] ?? '').toLowerCase()
}

/** What is wrong with where a request comes from. Undefined: nothing. `hosts` are the names beside loopback that may be asked for. */
export function refusal(request: Request, hosts: readonly string[]): Refusal | undefined {
  const host = request.headers.get('host') ?? new URL(request.url).host
  const name = hostname(host)
  if (!loopback(name) && !hosts.includes(name))
    return {
      status: 403,
      what: `This dashboard is not served under the name ${JSON.stringify(name)}.`,
      fix: 'Ask for it as localhost, or name the host in the option `hosts` and give it a login.',
    }
  if (request.method === 'GET' || request.method === 'HEAD') return fromElsewhere(request)
  if (request.method !== 'POST')
    return { status: 405, what: `${request.method} is not understood.`, fix: 'Use GET to look and POST to act.' }
  if (request.headers.get(actHeader) !== '1')
    return {
      status: 403,
      what: `An action came without the header ${actHeader}.`,
      fix: `Send ${actHeader}: 1, which a form of another site cannot.`,
    }
  const origin = request.headers.get('origin')
  if (origin !== null && (!URL.canParse(origin) || new URL(origin).host !== host))
    return {
      status: 403,
      what: 'An action came from another site.',
      fix: 'Act from the dashboard itself, or from a program that sends no Origin.',
    }
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin')
    return { status: 403, what: 'An action came from another site.', fix: 'Act from the dashboard itself.' }
  if (!/^application\/json\b/i.test(request.headers.get('content-type') ?? ''))
    return { status: 415, what: 'An action came in a form that is not JSON.', fix: 'Send content-type: application/json.' }
  return undefined
}

/** Looking is for everybody who may; but data is not for the scripts and pictures of other sites. */
function fromElsewhere(request: Request): Refusal | undefined {
  const site = request.headers.get('sec-fetch-site')
  if (site === null || site === 'same-origin' || site === 'none' || request.headers.get('sec-fetch-mode') === 'navigate') return undefined
  return { status: 403, what: 'A page of another site asked for this.', fix: 'Open the dashboard itself.' }
}
