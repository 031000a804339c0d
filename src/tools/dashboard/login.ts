/** Who somebody is: by the caller's own function, by a token, or, where there is no login, whoever reached us. */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Role } from './guard.ts'

/** Tokens, by what they allow. */
export type Tokens = Readonly<Partial<Record<Role, string>>>

/** How long a login holds, in ms. */
const lasts = 12 * 60 * 60_000

/** Attempts to log in within `window`, of everybody together, before all are asked to wait. */
const most = 20
const window = 60_000

const cookieName = 'callboard'

/** Tells roles, and logs in. */
export interface Login {
  /** Whether there is a form to log in with. */
  readonly form: boolean
  /** What this request may do. Undefined: nothing. */
  role(request: Request): Promise<Role | undefined>
  /** Exchanges a token for a cookie. Undefined: the token is none of ours. `wait`: too many have tried. */
  enter(token: string, secure: boolean, path: string): { readonly cookie: string } | 'wait' | undefined
  /** The cookie that ends a login. */
  leave(path: string): string
}

/**
 * tokens     what is compared, in constant time; their hash signs the cookies, so a login outlives a restart but not a new token
 * authorize  asked first, where it is given
 * open       the role of everybody, where there is neither
 */
export function login(
  tokens: Tokens | undefined,
  authorize: ((request: Request) => Role | undefined | Promise<Role | undefined>) | undefined,
  open: Role,
): Login {
  const roles = (Object.entries(tokens ?? {}) as [Role, string][]).filter(([, token]) => token !== '')
  const key = createHash('sha256').update(JSON.stringify(roles)).digest()
  const sign = (text: string): string => createHmac('sha256', key).update(text).digest('base64url')
  let tries: number[] = []

  const byToken = (given: string): Role | undefined => {
    let found: Role | undefined
    // All are compared, so that the time says nothing of which one was nearly right.
    for (const [role, token] of roles) if (same(given, token)) found = role
    return found
  }
  const byCookie = (header: string): Role | undefined => {
    const value = new RegExp(`(?:^|;\\s*)${cookieName}=([\\w.-]{1,200})`).exec(header)?.[1] ?? ''
    const [role, until, signature = ''] = value.split('.')
    if (!same(signature, sign(`${role}.${until}`)) || !(Number(until) > Date.now())) return undefined
    return roles.find(([each]) => each === role)?.[0]
  }

  return {
    form: roles.length > 0,
    async role(request) {
      const asked = await authorize?.(request)
      if (asked === 'reader' || asked === 'operator') return asked
      if (roles.length === 0) return authorize ? undefined : open
      const bearer = /^Bearer (.{1,500})$/i.exec(request.headers.get('authorization') ?? '')?.[1]
      return bearer === undefined ? byCookie(request.headers.get('cookie') ?? '') : byToken(bearer)
    },
    enter(token, secure, path) {
      const now = Date.now()
      tries = tries.filter((at) => at > now - window)
      if (tries.length >= most) return 'wait'
      const role = byToken(token)
      if (role === undefined) {
        tries.push(now)
        return undefined
      }
      const said = `${role}.${now + lasts}`
      return { cookie: `${cookieName}=${said}.${sign(said)}; ${attributes(path)}; Max-Age=${lasts / 1000}${secure ? '; Secure' : ''}` }
    },
    leave: (path) => `${cookieName}=; ${attributes(path)}; Max-Age=0`,
  }
}

const attributes = (path: string): string => `Path=${path}; HttpOnly; SameSite=Strict`

/** Compares without telling by its time how much is alike. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
