/**
 * A secret that must never be seen: the boards of the tests log in with it, and whoever finds it in what was written has found a leak.
 * It is written here in two parts, so that the source is none.
 */

/** The user of the tests, whose password is the canary. */
export const canaryUser = 'tests'

/** The secret. */
export const canary = ['CANARY', 'do-not-sing-4f1c'].join('-')

/** Whether a text gives the secret away, plainly or in one of the forms that secrets travel in. */
export function sings(text: string, secret = canary): boolean {
  const bytes = Buffer.from(secret)
  const forms = [secret, encodeURIComponent(secret), bytes.toString('base64').replace(/=+$/, '').slice(0, -1), bytes.toString('hex')]
  return forms.some((form) => text.includes(form))
}
