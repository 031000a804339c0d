/** What the environment says where the code says nothing. Pure: it is given the environment. */

import type { Address } from '../wire/connection.ts'

/** Settings found in an environment. */
export interface Environment extends Pick<Address, 'servers' | 'credentials'> {
  readonly namespace?: string
}

/**
 * Reads `CALLBOARD_URL` or `NATS_URL` (servers, separated by commas), `CALLBOARD_CREDS` or `NATS_CREDS` (path of a credentials
 * file) and `CALLBOARD_NAMESPACE`.
 */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const servers = env.CALLBOARD_URL || env.NATS_URL
  const credentials = env.CALLBOARD_CREDS || env.NATS_CREDS
  const namespace = env.CALLBOARD_NAMESPACE
  return { ...(servers ? { servers } : {}), ...(credentials ? { credentials } : {}), ...(namespace ? { namespace } : {}) }
}
