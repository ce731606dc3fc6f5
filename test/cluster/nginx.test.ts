/** Three nodes behind nginx, round robin: what people run. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { needs } from '../helpers/needs.ts'
import { within } from '../helpers/within.ts'
import { clientV1 } from '../interop/client-v1.ts'
import { clientV2, clientV2Pinned } from '../interop/client-v2.ts'
import { startNginx } from '../proxies/nginx.ts'
import { clusterFor } from './cluster.ts'
import { ANNOUNCED } from './load-tools.ts'

const needed = needs('redis-server', 'nginx')

/** nginx as the recipe has it. */
async function nginxFor(t: TestContext, nodes: readonly { readonly url: string }[]): Promise<string> {
  const servers = nodes.map(({ url }) => `server ${new URL(url).host};`)
  const { origin } = await startNginx(t, {
    http: `upstream nodes { ${servers.join(' ')} }`,
    server: `
  location /mcp {
    proxy_pass http://nodes;
    proxy_http_version 1.1;
    proxy_set_header Host $host;
    proxy_set_header Connection "";
  }`,
  })
  return `${origin}/mcp`
}

const textOf = ({ content }: { content: readonly { text?: string }[] }) => content[0]?.text ?? ''

test(
  'behind nginx, clients of both eras call, are asked, and hear of what other nodes announce',
  needed,
  async (t) => {
    const cluster = await clusterFor(t)
    const url = await nginxFor(t, cluster.nodes)
    for (const kind of [clientV1, clientV2, clientV2Pinned]) {
      const client = await kind.connect({
        url,
        capabilities: { elicitation: { form: {} } },
        answers: { 'elicitation/create': () => ({ action: 'accept', content: { name: 'Ada' } }) },
      })
      t.after(() => client.close())
      const seen = new Set<string>()
      for (let call = 0; call < 9; call++) seen.add(textOf(await client.callTool('whoami')))
      assert.deepEqual([...seen].sort(), ['n1', 'n2', 'n3'], kind.name)
      assert.match(textOf(await client.callTool('ask', { id: 'x' })), /^x Ada n\d$/)
      if (kind === clientV2Pinned) continue
      await client.callTool('announce')
      await client.inbox.wait(ANNOUNCED)
    }
  },
)

test(
  'behind nginx, a call goes on over another node while all nodes are replaced by SIGTERM',
  needed,
  async (t) => {
    const cluster = await clusterFor(t, { drainDelayMs: 0 })
    const old = [...cluster.nodes]
    const added = [await cluster.add(), await cluster.add()]
    const url = await nginxFor(t, [...old, ...added])
    const client = await clientV1.connect({ url })
    t.after(() => client.close())
    const seen: number[] = []
    let ending: Promise<number | string>[] = []
    const onprogress = ({ progress }: { progress: number }) => {
      seen.push(progress)
      if (progress === 3) ending = old.map((node) => cluster.end(node, 'SIGTERM'))
    }
    const call = client.callTool('count', { id: 'c', to: 40, pauseMs: 25 }, { onprogress })
    const result = await within(call, () => `the result, after ${seen.join()}`)
    assert.match(textOf(result), /^c done n\d$/)
    assert.deepEqual(
      seen,
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
    assert.deepEqual(await Promise.all(ending), [0, 0, 0])
    for (let next = 0; next < 6; next++) assert.match(textOf(await client.callTool('whoami')), /^n[45]$/)
  },
)
