/**
 * A process that launches a server, for tests that end it in every way there is.
 *
 * argv     options of startServer as JSON; then what to do once the server runs
 * prints   one line of JSON: the pid, url and store of the server
 */

import { findServer, type ServerOptions, startServer } from 'callboard/server'

const [, , given = '{}', then = 'stay'] = process.argv
const options = JSON.parse(given) as ServerOptions

if (then === 'find') {
  console.log(JSON.stringify(await findServer(options)))
} else {
  const server = await startServer(options)
  if (then === 'drain') {
    process.once('SIGINT', async () => {
      process.kill(server.pid, 0)
      console.log(JSON.stringify(await server.stop()))
    })
  }
  console.log(JSON.stringify({ pid: server.pid, url: server.url, store: server.store }))
  if (then === 'exit') process.exit(0)
  if (then === 'crash') {
    setImmediate(() => {
      throw new Error('crashed on purpose')
    })
  }
}
