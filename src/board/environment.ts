/** What the environment says where the code says nothing. Pure: it is given the environment. */

import type { Address } from '../wire/connection.ts'

/** Settings found in an environment. */
export interface Environment extends Pick<Address, 'servers' | 'credentials'> {
  readonly namespace?: string
  readonly monitor?: string
}

/**
 * Reads `CALLBOARD_URL` or `NATS_URL` (servers, separated by commas), `CALLBOARD_CREDS` or `NATS_CREDS` (path of a credentials
 * file), `CALLBOARD_NAMESPACE` and `CALLBOARD_MONITOR` (monitoring addresses, separated by commas).
 */
export function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const servers = env.CALLBOARD_URL || env.NATS_URL
  const credentials = env.CALLBOARD_CREDS || env.NATS_CREDS
  const namespace = env.CALLBOARD_NAMESPACE
  const monitor = env.CALLBOARD_MONITOR
  return {
    ...(servers ? { servers } : {}),
    ...(credentials ? { credentials } : {}),
    ...(namespace ? { namespace } : {}),
    ...(monitor ? { monitor } : {}),
  }
}
