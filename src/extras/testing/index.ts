/**
 * `callboard/testing`: tests without a server, by a clock that is moved by hand.
 *
 *     await using board = await testBoard()
 *     await board.schedules.set('digest', { cron: '0 9 * * *' }, sendDigest, {})
 *     await board.advance('365d')
 */

export { Broker, type BrokerOptions } from './broker.ts'
export { type Clock, realClock } from './clock.ts'
export { type Doubt, type Effects, type Rehearsal, type Report, rehearse } from './rehearse.ts'
export { type TestBoard, type TestOptions, testBoard } from './test-board.ts'
