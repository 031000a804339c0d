/** callboard with sealed mails: beside callboard as it comes, it shows what encrypting each of them costs. */

import { keyring, sealing } from '../../../src/extras/seal/index.ts'
import { task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

// Sender and worker are two processes.
const seal = sealing({ keys: keyring({ primary: 'k1', keys: { k1: Buffer.alloc(32, 'key of the bench') } }) })
const sendMail = task<Mail>('mail.send', { queue: 'mail', retry: { backoff: '100ms' }, seal })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail)
