/** The suite of the runtime, for a topic and for a task. */

import { type Schema, type Topic, task, topic } from 'callboard'
import { streams } from '../support/board.ts'
import { runtimeSuite } from './runtime.suite.ts'

const schemaOf = (schema: Schema | undefined) => schema as Schema<never>

runtimeSuite('a topic', {
  say: (board, name, input, options) => board.publish(topic(name), input, options),
  answer: (board, name, handler, { schema, ...options } = {}) =>
    board
      .service('suite')
      .subscribe((schema === undefined ? topic(name) : topic(name, schemaOf(schema))) as Topic<never, never>, handler, options)
      .start(),
  edit: (board, name, sequence, schema, payload) => board.dead.redriveEdited(sequence, topic(name, schemaOf(schema)), payload as never),
  place: (board, name) => ({
    stream: streams(board).topics,
    consumer: `suite@${name.replaceAll('.', '~')}`,
    subject: `${board.namespace}.topic.${name}`,
  }),
})

runtimeSuite('a task', {
  say: (board, name, input, options) => board.enqueue(task(name), input, options),
  answer: (board, name, handler, { schema, retry, timeout, ...options } = {}) => {
    const settings = { ...(retry && { retry }), ...(timeout && { timeout }) }
    const contract = schema === undefined ? task(name, settings) : task(name, { ...settings, input: schemaOf(schema) })
    return board
      .service('suite')
      .perform(contract, handler as never, options)
      .start()
  },
  edit: (board, name, sequence, schema, payload) =>
    board.dead.redriveEdited(sequence, task(name, { input: schemaOf(schema) }), payload as never),
  place: (board, name) => ({
    stream: streams(board).queue(),
    consumer: `${name.replaceAll('.', '~')}@normal`,
    subject: `${board.namespace}.task.default.${name.replaceAll('.', '~')}.normal.-`,
  }),
})
