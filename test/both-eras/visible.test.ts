/** A `visible` that fails hides its own entry and no other, wherever it is asked, and is reported once a request. */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type McpServer, type RequestContext, ToolError, type Visible } from '../../src/index.ts'
import { define, join, start } from '../features/offering.ts'
import { StatelessClient } from '../helpers/stateless-client.ts'
import type { WireJson } from '../helpers/wire.ts'
import { type Asking, asking, eras } from './asking.ts'
import { never } from './problem.ts'

const then = (_resolve: unknown, reject: (error: Error) => void) => reject(new Error('late'))

const failing: readonly (readonly [kind: string, visible: Visible, report: RegExp])[] = [
  [
    'throws',
    () => {
      throw new Error('no database')
    },
    /no database/,
  ],
  [
    'throws what a client could be shown',
    () => {
      throw new ToolError('no database')
    },
    /no database/,
  ],
  [
    'gives a promise',
    (async () => true) as unknown as Visible,
    /visible must return true or false; got a promise/,
  ],
  [
    'gives a promise that rejects',
    (async () => {
      throw new Error('late')
    }) as unknown as Visible,
    /got a promise/,
  ],
  ['gives a thenable', (() => ({ then })) as unknown as Visible, /got a promise/],
]

const object = { type: 'object', properties: { x: { type: 'string', 'x-mcp-header': 'X' } } } as const

/** One entry of each kind that everybody may see, and two that fail. */
function offer(server: McpServer, visible: Visible): void {
  const complete = { x: () => ['a'] }
  server.registerTool('fine', { inputSchema: object }, () => 'ran')
  server.registerPrompt('fine', { argsSchema: object, complete }, () => 'ran')
  server.registerResource('fine', 'memo://fine', { subscribe: true }, () => 'ran')
  server.registerResourceTemplate(
    'fine',
    'note://fine/{id}',
    { list: () => [{ uri: 'note://fine/1', name: '1' }] },
    () => 'ran',
  )
  for (const name of ['bad', 'worse']) {
    server.registerTool(name, { inputSchema: object, visible }, () => 'ran')
    server.registerPrompt(name, { argsSchema: object, complete, visible }, () => 'ran')
    server.registerResource(name, `memo://${name}`, { subscribe: true, visible }, () => 'ran')
    const list = () => [{ uri: `note://${name}/1`, name }]
    server.registerResourceTemplate(
      name,
      `note://${name}/{id}`,
      { subscribe: true, list, visible },
      () => 'ran',
    )
  }
}

const reference = (name: string) => ({
  ref: { type: 'ref/prompt', name },
  argument: { name: 'x', value: '' },
})

const lists = [
  ['tools/list', 'tools', 'name', ['fine']],
  ['prompts/list', 'prompts', 'name', ['fine']],
  ['resources/list', 'resources', 'uri', ['memo://fine', 'note://fine/1']],
  ['resources/templates/list', 'resourceTemplates', 'name', ['fine']],
] as const

/** For `good` it is there; for `bad` it is answered as for a name that nothing has. */
const lookups = [
  ['tools/call', (name: string) => ({ name })],
  ['prompts/get', (name: string) => ({ name })],
  ['resources/read', (name: string) => ({ uri: `memo://${name}` })],
  ['resources/read', (name: string) => ({ uri: `note://${name}/1` })],
  ['completion/complete', reference],
] as const

/** The answer to a request, and what was reported while it was served. */
async function answered({ request, errors }: Asking, method: string, params: object) {
  const count = errors.length
  const { result, error } = await request(method, params, never)
  return { result, error, reports: errors.slice(count) }
}

for (const era of eras) {
  describe(`in the ${era} era`, () => {
    for (const [kind, visible, report] of failing) {
      test(`a visible that ${kind} hides its entry and no other, and is reported once a request`, async (t) => {
        const asked = await asking(t, era)
        offer(asked.server, visible)
        for (const [method, member, key, expected] of lists) {
          const { result, reports } = await answered(asked, method, {})
          assert.deepEqual(
            result[member].map((entry: WireJson) => entry[key]),
            expected,
          )
          assert.equal(reports.length, 1, method)
          assert.match(String(reports[0]?.error), report)
          assert.deepEqual([reports[0]?.info.phase, reports[0]?.info.method], ['hook', method])
        }
        for (const [method, paramsOf] of lookups) {
          assert.notEqual((await answered(asked, method, paramsOf('fine'))).result, undefined, method)
          const { error, reports } = await answered(asked, method, paramsOf('worse'))
          const unknown = (await answered(asked, method, paramsOf('never'))).error
          const renamed = JSON.parse(JSON.stringify(error).replaceAll('worse', 'never'))
          assert.deepEqual(renamed, unknown, method)
          assert.equal(reports.length, 1, method)
        }
        assert.match(String(asked.errors.at(-1)?.info.name), /bad|worse/)
      })
    }
  })
}

const tasks = { 'io.modelcontextprotocol/tasks': {} }

/** A call of each era, and its HTTP status: of a client that knows tasks where there are any. */
async function callers(t: TestContext, server: McpServer) {
  const url = await start(t, server)
  const session = await join(t, url)
  const client = new StatelessClient(url, { capabilities: { extensions: tasks } })
  return {
    session: (name: string, args: object) => session.request('tools/call', { name, arguments: args }),
    stateless: (name: string, args: object) =>
      client.call(name, args, { inputSchema: object, check: 'none' }),
  } as const
}

for (const era of eras) {
  test(`tools/call in the ${era} era calls visible once a request, with the locals that middleware has set`, async (t) => {
    const { server, errors } = define()
    const seen: unknown[] = []
    const visible = (ctx: RequestContext) => {
      seen.push(ctx.locals['user'])
      return ctx.locals['user'] === 'ann'
    }
    server.registerTool('plain', { inputSchema: object, visible }, () => 'ran')
    server.registerTool('task', { inputSchema: object, visible, task: 'on-demand' }, () => 'ran')
    let user = 'ann'
    server.use(async (ctx, next) => {
      ctx.locals['user'] = user
      return await next()
    })
    const { [era]: call } = await callers(t, server)
    for (const name of ['plain', 'task']) {
      const { status, result } = await call(name, { x: 'a' })
      assert.deepEqual([status, result.content[0].text, seen.splice(0)], [200, 'ran', ['ann']])
    }
    user = 'bob'
    for (const name of ['plain', 'task']) {
      const { status, error } = await call(name, { x: 'a' })
      assert.deepEqual([status, error.code, seen.splice(0)], [200, -32602, ['bob']])
      assert.match(error.message, /^Unknown tool/)
    }
    assert.deepEqual(errors, [])
  })

  test(`tools/call in the ${era} era answers an unknown tool with 200 where visible throws, and reports it once`, async (t) => {
    const { server, errors } = define()
    const visible = () => {
      throw new Error('no database')
    }
    for (const task of [undefined, true, 'on-demand'] as const) {
      server.registerTool(`bad ${task}`, { inputSchema: object, visible, task }, () => 'ran')
    }
    const { [era]: call } = await callers(t, server)
    for (const task of [undefined, true, 'on-demand']) {
      const { status, error } = await call(`bad ${task}`, { x: 'a' })
      const unknown = await call('never', { x: 'a' })
      assert.deepEqual([status, error.code, unknown.status, unknown.error.code], [200, -32602, 200, -32602])
      assert.equal(error.message.replace(`bad ${task}`, 'never'), unknown.error.message)
      const [report, ...others] = errors.splice(0)
      assert.deepEqual([report?.error.message, report?.info.phase, others], ['no database', 'hook', []])
    }
  })
}

test('a resource whose visible throws cannot be subscribed to, in either era, and others can', async (t) => {
  const { server, errors } = define()
  offer(server, () => {
    throw new Error('no database')
  })
  const url = await start(t, server)
  const session = await join(t, url)
  assert.deepEqual((await session.request('resources/subscribe', { uri: 'memo://fine' })).result, {})
  const refused = await session.request('resources/subscribe', { uri: 'memo://bad' })
  assert.deepEqual([refused.error.code, errors.length], [-32002, 1])
  const wanted = { resourceSubscriptions: ['memo://fine', 'memo://bad', 'memo://worse'] }
  const stream = await new StatelessClient(url).listen(wanted)
  t.after(() => stream.close())
  const { params } = await stream.nextMessage()
  assert.deepEqual(params.notifications.resourceSubscriptions, ['memo://fine'])
  assert.equal(errors.length, 2)
})

test('capabilities do not depend on who may see what: a visible that throws is not asked for them', async (t) => {
  const { server, errors } = define()
  const visible = () => {
    throw new Error('no database')
  }
  server.registerTool('bad', { visible }, () => '')
  const url = await start(t, server)
  assert.deepEqual((await join(t, url)).initializeResult.capabilities, { tools: { listChanged: true } })
  const { result } = await new StatelessClient(url).request('server/discover')
  assert.deepEqual([result.capabilities, errors.length], [{ tools: { listChanged: true } }, 0])
})
