/** `callboard/admin`: questions and commands about a board, plain data out. */

export { type Admin, type AdminOptions, admin, type TailOptions, type WhyTarget } from './admin.ts'
export type { BulkOptions } from './bulk.ts'
export type { Commands } from './commands.ts'
export type { ListOptions } from './list.ts'
export type { HeardEvent, Listener, ListenerOptions } from './listener.ts'
export { matchesSelector, type Selectable } from './match.ts'
export type * from './model.ts'
export { type Operator, parseSelector, printSelector, type Selector, selectorKeys, suggest, type Term } from './selector.ts'
export type { SeriesOptions } from './series.ts'
