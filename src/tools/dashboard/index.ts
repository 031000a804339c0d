/** `callboard/dashboard`: everything at a glance in a browser, live, and what an operator does about it. */

export type { Contract } from './contracts.ts'
export { type Dashboard, type DashboardOptions, dashboard } from './dashboard.ts'
export type { Role } from './guard.ts'
export type { Tokens } from './login.ts'
export { type Served, type ServeOptions, serve } from './serve.ts'
