/**
 * `callboard/seal`: payloads and results that the broker cannot read, and producers that workers can tell apart.
 *
 *     const seal = sealing({ keys: keyring({ primary: 'k1', keys: { k1: readFileSync('/run/secrets/k1') } }) })
 *     const sendMail = task('mail.send', { input: mail, seal })
 */

export { type Keyring, type KeyringOptions, type Keys, keyring } from './keyring.ts'
export { type SealingOptions, sealing } from './sealing.ts'
export type { Signer, SigningKey, Trusted } from './signature.ts'
