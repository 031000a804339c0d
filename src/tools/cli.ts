#!/usr/bin/env node
/** The program `callboard`. */

import { main } from './cli/main.ts'

await main(process)
