/** callboard told to trace where no SDK is: beside callboard as it comes, it shows what it costs to be ready for one. */

import { otel } from '../../../src/extras/otel/index.ts'
import { opened } from './callboard.ts'
import type { Client, Place } from './system.ts'

/** Opens a board that would be traced if anybody did. */
export const open = (place: Place): Promise<Client> => opened(place, {}, undefined, (board) => void otel(board))
