/** A worker thread: opens chests, and holds nobody but itself. */

import { search } from './chests.ts'

export default search
