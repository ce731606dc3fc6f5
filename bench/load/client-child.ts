/** A process that is one of the clients (clients/), and makes the calls: its operations, called by parts/client.ts. */

import type { BenchClient, Open } from '../clients/index.ts'
import type { Contender } from '../contenders/index.ts'
import { liveMemory } from '../lib/live-memory.ts'
import { answerCalls } from '../lib/remote.ts'

export interface ClientSetup {
  /** File URL of the compiled module. */
  readonly module: string
  readonly url: string
  readonly contender: Pick<Contender, 'wire' | 'mode'>
}

export interface CallFigures {
  readonly calls: number
  readonly seconds: number
  /** User and system time of the process. */
  readonly cpuSeconds: number
}

let open: (() => Promise<BenchClient>) | undefined
/** Lifecycle: the process. */
const clients: BenchClient[] = []

answerCalls({
  async use({ module, url, contender }: ClientSetup): Promise<void> {
    const loaded = (await import(module)) as { readonly open: Open }
    open = () => loaded.open(url, contender)
  },
  /** Opens as many more. Each has been used once. */
  async connect({ count }: { readonly count: number }): Promise<void> {
    if (open === undefined) throw new Error('use comes first')
    for (let i = 0; i < count; i++) {
      const client = await open()
      await checkedCall(client, 'first')
      clients.push(client)
    }
  },
  /** Calls on the first client, so many at a time. */
  async calls({ concurrency, seconds }: { readonly concurrency: number; readonly seconds: number }) {
    const [client] = clients
    if (client === undefined) throw new Error('connect comes first')
    const cpu = process.cpuUsage()
    const began = performance.now()
    const end = began + seconds * 1000
    let calls = 0
    const run = async () => {
      while (performance.now() < end) {
        await checkedCall(client, 'hello benchmark')
        calls += 1
      }
    }
    await Promise.all(Array.from({ length: concurrency }, run))
    const { user, system } = process.cpuUsage(cpu)
    const figures: CallFigures = {
      calls,
      seconds: (performance.now() - began) / 1000,
      cpuSeconds: (user + system) / 1e6,
    }
    return figures
  },
  memory: liveMemory,
  async close(): Promise<void> {
    await Promise.all(clients.splice(0).map((client) => client.close()))
  },
})
process.send?.({})

async function checkedCall(client: BenchClient, text: string): Promise<void> {
  const answer = await client.call(text)
  if (answer !== text) throw new Error(`a call was answered with ${JSON.stringify(answer)}`)
}
