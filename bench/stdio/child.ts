/** A contender on standard input and output: `node child.js MODULE SETUP`. It says on the IPC channel what it costs. */

import { answerCalls } from '../lib/remote.ts'
import type { ServeStdio, Setup } from '../lib/setup.ts'

const [, , modulePath = '', setupText = '{}'] = process.argv
const { stdio } = (await import(modulePath)) as { readonly stdio?: ServeStdio }
if (stdio === undefined) throw new Error(`${modulePath} has no stdio`)
await stdio(JSON.parse(setupText) as Setup)

answerCalls({
  cpu: () => {
    const { user, system } = process.cpuUsage()
    return user + system
  },
})
process.send?.({})
