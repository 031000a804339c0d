import { expect, inject, test } from 'vitest'
import { answersOver } from '../../src/wire/answers.ts'
import { link } from '../../src/wire/connection.ts'
import { names } from '../../src/wire/names.ts'
import { publisher } from '../../src/wire/publisher.ts'
import { table } from '../../src/wire/table.ts'
import { namespace } from '../support/namespace.ts'

test('a sign of work that comes while its connection is closing is left unsaid, and ends no process', async () => {
  const line = await link({ servers: inject('natsUrl') })
  const answers = answersOver(line, () => undefined)
  const kept = table(line, names(namespace()), publisher(line), () => undefined)
  const closing = line.close()
  expect(line.nc.isDraining()).toBe(true)
  expect(() => answers.working(Buffer.from('$JS.ACK.STREAM.consumer.1.1.1.1700000000000000000.0'))).not.toThrow()
  expect(() => kept.drop(1)).not.toThrow()
  await closing
})
