/** `callboard/permissions`: what a process may do on the broker, from its contracts and its role. */

export { type Claims, type Permissions, type PermissionsOptions, permissions, together } from './permissions.ts'
