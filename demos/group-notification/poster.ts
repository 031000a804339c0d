/**
 * Shows implicit invocation, the speaking end: it says what happened. Who listens, how many they are, whether they are awake,
 * and what they do about it: none of this can be said here, and none of it has to be known.
 */

import type { Receipt, Sender } from 'callboard'
import { posted } from './contracts.ts'

/** Posts to the group. Resolves when the broker has stored it. */
export function post(sender: Sender, by: string, text: string): Promise<Receipt> {
  return sender.publish(posted, { by, text })
}
