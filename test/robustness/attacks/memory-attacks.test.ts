/** Clients that make a server with a small heap keep as much as they can: it lives, and serves the others. */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RawSocket } from '../../helpers/raw-socket.ts'
import { StatelessClient } from '../../helpers/stateless-client.ts'
import { openSse, type SseStream, TestSession, within } from '../../helpers/wire.ts'
import { textOf } from '../../session-era/serving.ts'

const MB = 1024 * 1024
const unchecked = { check: 'none' } as const

interface Attacked {
  readonly url: string
  /** What it holds, after a collection. */
  ask(question?: string): Promise<{ [name: string]: number }>
}

async function start(t: TestContext, heapMegabytes = 256): Promise<Attacked> {
  const program = fileURLToPath(new URL('./bounds-program.ts', import.meta.url))
  const execArgv = [`--max-old-space-size=${heapMegabytes}`, '--expose-gc', '--import', 'tsx']
  const child: ChildProcess = fork(program, { execArgv, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  t.after(() => child.kill())
  const died = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the server died: ${code ?? signal}`)
  })
  died.catch(() => {})
  const message = async () => {
    const [answer] = await within(
      Promise.race([once(child, 'message'), died]),
      () => 'a word of the server',
      60_000,
    )
    return answer
  }
  const { url } = await message()
  return {
    url,
    ask: async (question = 'stats') => {
      child.send(question)
      return await message()
    },
  }
}

/** A client of each era that came after the attack. */
async function assertOthersAreServed({ url, ask }: Attacked): Promise<void> {
  const session = await TestSession.open(url, { clientInfo: { name: 'honest', version: '1.0.0' } })
  assert.equal(textOf(await session.call('echo', { text: 'served' })), 'served')
  const stream = await session.listen()
  await stream.close()
  const client = new StatelessClient(url)
  assert.equal(textOf(await client.call('echo', { text: 'served too' })), 'served too')
  const listening = await client.listen({ toolsListChanged: true })
  await listening.nextMessage()
  await listening.close()
  const { heap = Number.NaN } = await ask()
  assert.ok(heap < 160 * MB, `${heap} bytes of heap`)
}

test('32 sessions that subscribe to 1000 URIs of 8 kB each', async (t) => {
  const attacked = await start(t)
  let refused = 0
  for (let client = 0; client < 32; client++) {
    const session = await TestSession.open(attacked.url, { protocolVersion: '2025-03-26' })
    for (let batch = 0; batch < 10; batch++) {
      const requests = Array.from({ length: 100 }, (_, index) => ({
        jsonrpc: '2.0',
        id: index,
        method: 'resources/subscribe',
        params: { uri: `memo://${client}/${batch}/${index}/`.padEnd(8000, 'x') },
      }))
      const reply = await session.send(JSON.stringify(requests), unchecked)
      const errors = reply.json.filter(({ error }: { error?: { message: string } }) => error !== undefined)
      for (const { error } of errors) assert.match(error.message, /sessions\.maxTotalBytes/)
      refused += errors.length
    }
  }
  assert.ok(refused > 20_000, `${refused} of 32 000 were refused`)
  const { sessionBytes = Number.NaN } = await attacked.ask()
  assert.ok(sessionBytes <= 64 * MB)
  await assertOthersAreServed(attacked)
})

test('100 streams of news with filters as large as a body may be', async (t) => {
  const attacked = await start(t)
  const client = new StatelessClient(attacked.url)
  const streams: SseStream[] = []
  const refusals: (string | undefined)[] = []
  for (let index = 0; index < 100; index++) {
    const resourceSubscriptions = Array.from({ length: 500 }, (_, n) =>
      `memo://${index}/${n}/`.padEnd(8000, 'x'),
    )
    const message = client.message(
      'subscriptions/listen',
      { notifications: { resourceSubscriptions } },
      { id: index },
    )
    const headers = client.headers(message)
    try {
      streams.push(await openSse(attacked.url, { message: JSON.stringify(message), headers, ...unchecked }))
    } catch (error) {
      refusals.push(/got (\d+)/.exec(String(error))?.[1])
    }
  }
  t.after(() => Promise.all(streams.map((stream) => stream.close())))
  assert.ok(streams.length < 20, `${streams.length} streams were opened`)
  assert.ok(refusals.every((status) => status === '429' || status === '503'))
  const { subscriptionBytes = Number.NaN } = await attacked.ask()
  assert.ok(subscriptionBytes <= 64 * MB)
  await assertOthersAreServed(attacked)
})

/** Objects with a name that no other has: what takes the most memory for its bytes. */
let names = 0
const dense = (objects: number) => {
  const list = Array.from({ length: objects }, () => `{"n${(names++).toString(36)}":0}`)
  return `{"list":[${list}]}`
}

for (const [what, connections, pipelined, objects] of [
  ['10 000 calls with bodies of small values below 4 kB', 80, 125, 250],
  ['64 calls with bodies of as many new names as may be', 64, 1, 54_000],
] as const) {
  test(`${what} each, whose handlers wait`, async (t) => {
    const attacked = await start(t, 400)
    const sessions: TestSession[] = []
    for (let index = 0; index < 40; index++) sessions.push(await TestSession.open(attacked.url))
    const port = Number(new URL(attacked.url).port)
    const sockets: RawSocket[] = []
    for (let index = 0; index < connections; index++) {
      const socket = await RawSocket.open(port)
      sockets.push(socket)
      const id = sessions[index % sessions.length]?.sessionId
      for (let call = 0; call < pipelined; call++) {
        const params = `{"name":"wait","arguments":${dense(objects)}}`
        const body = `{"jsonrpc":"2.0","id":${call},"method":"tools/call","params":${params}}`
        const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nMcp-Session-Id: ${id}\r\nContent-Type: application/json`
        const accept = 'Accept: application/json, text/event-stream'
        await socket.write(`${head}\r\n${accept}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      }
    }
    let { callsInProgress = 0, bodyBytes = 0, heap = 0 } = await attacked.ask()
    for (let before = -1; before !== callsInProgress; ) {
      before = callsInProgress
      await new Promise((resolve) => setTimeout(resolve, 300))
      ;({ callsInProgress = 0, bodyBytes = 0, heap = 0 } = await attacked.ask())
    }
    assert.ok(
      callsInProgress > 5 && callsInProgress < 0.8 * connections * pipelined,
      `${callsInProgress} calls`,
    )
    assert.ok(bodyBytes > 200 * MB && bodyBytes <= 256 * MB, `${bodyBytes} bytes are counted`)
    assert.ok(heap < 340 * MB, `${heap} bytes of heap`)
    const honest = new StatelessClient(attacked.url)
    assert.equal(textOf(await honest.call('echo', { text: 'served meanwhile' })), 'served meanwhile')
    await attacked.ask('release')
    for (const socket of sockets) socket.destroy()
    while (bodyBytes !== 0) ({ bodyBytes = 0 } = await attacked.ask())
    await assertOthersAreServed(attacked)
  })
}
