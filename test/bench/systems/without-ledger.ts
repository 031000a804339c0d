/** callboard with its ledger off: beside callboard as it comes, it shows what writing down what happens costs. */

import { opened } from './callboard.ts'
import type { Client, Place } from './system.ts'

/** Opens a board that writes nothing down. */
export const open = (place: Place): Promise<Client> => opened(place, { ledger: 'off' })
