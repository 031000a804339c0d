/** `callboard dash`: the dashboard of a broker, in a browser; no code of its own is needed. */

import { type Call, given } from '../cli/call.ts'
import { probes } from './probes.ts'
import { aborted } from './start.ts'

/** `callboard dash`. */
export async function dash(call: Call): Promise<number> {
  const served = await shown(call)
  try {
    call.show({ url: served.url, port: served.port }, () => [`Dashboard  ${call.out.paint('bold', served.url)}`])
    call.err.line(call.err.paint('dim', 'Ctrl-C stops it'))
    await using _probes = await probes(call, await call.board())
    await aborted(call.signal)
  } finally {
    await served.close()
  }
  return 0
}

async function shown(call: Call) {
  const [{ serve }, board, { topics, tasks }] = await Promise.all([import('../dashboard/index.ts'), call.board(), call.contracts()])
  const hosts = call.list('allow')
  return serve(board, {
    contracts: [...topics.values(), ...tasks.values()] as never,
    role: call.on('readOnly') ? 'reader' : 'operator',
    ...given({ port: call.number('port'), host: call.flag('host') }),
    ...(hosts.length > 0 ? { hosts } : {}),
    ...tokensOf(call),
    ...(call.on('hidePayloads') ? { payloads: 'nobody' as const } : {}),
  })
}

/** Tokens are read from the environment: a command line is seen by everybody on the machine. */
function tokensOf({ host: { env } }: Call) {
  const { CALLBOARD_READER_TOKEN: reader, CALLBOARD_OPERATOR_TOKEN: operator } = env
  return reader || operator ? { tokens: { ...(reader ? { reader } : {}), ...(operator ? { operator } : {}) } } : {}
}
