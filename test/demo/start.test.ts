import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { freePort } from '../helpers/free-port.ts'
import { typescript } from '../helpers/typescript.ts'
import { untilListening } from '../helpers/until-listening.ts'
import { makeFolder } from './folder.ts'

const script = fileURLToPath(new URL('../../scripts/start.ts', import.meta.url))

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly output: string
}

async function start(t: TestContext, args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [...typescript, script, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line.startsWith('Ctrl-C')) break
  }
  const output = lines.join('\n')
  const url = /http:\/\/\S+\/mcp/.exec(output)?.[0]
  assert.ok(url !== undefined, output)
  return { child, url, output }
}

async function connect(t: TestContext, url: string): Promise<Client> {
  const client = new Client({ name: 'demo-test', version: '1.0.0' }, { capabilities: { elicitation: {} } })
  t.after(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as never)
  return client
}

const fails = async (...args: string[]) => {
  const run = promisify(execFile)(process.execPath, [...typescript, script, ...args], { timeout: 20_000 })
  const failure = (await run.then(
    () => assert.fail('it started'),
    (error) => error,
  )) as { code: number; stderr: string }
  return { code: failure.code, stderr: failure.stderr }
}

test('start.ts serves a folder to a real client: tools, resources, prompt', async (t) => {
  const folder = await makeFolder(t, {
    'root/docs/a.md': 'first\nneedle here\n',
    'root/data.csv': 'n\n1\n3\n',
    'root/logo.png': new Uint8Array([0x89, 0x50, 0]),
    'root/.env': 'SECRET',
    'secret.txt': 'needle',
    'notes/keep.md': 'kept',
  })
  const root = path.join(folder, 'root')
  const { url, child } = await start(t, ['--root', root, '--notes', path.join(folder, 'notes')])
  const client = await connect(t, url)

  const { tools } = await client.listTools()
  assert.deepEqual(tools.map((tool) => tool.name).sort(), [
    'confirm_and_write_note',
    'file_stats',
    'search_text',
    'summarize_csv',
  ])
  const progress: number[] = []
  const found = await client.callTool({ name: 'search_text', arguments: { pattern: 'needle' } }, undefined, {
    onprogress: (each) => progress.push(each.progress),
  })
  assert.deepEqual((found.structuredContent as { matches: unknown }).matches, [
    { file: 'docs/a.md', line: 2, text: 'needle here' },
  ])
  assert.deepEqual(progress, [1, 2, 3])
  const stats = await client.callTool({ name: 'file_stats', arguments: {} })
  assert.equal((stats.structuredContent as { files: number }).files, 3)
  const csv = await client.callTool({ name: 'summarize_csv', arguments: { path: 'data.csv' } })
  assert.equal((csv.structuredContent as { rows: number }).rows, 2)
  for (const name of ['../secret.txt', '/etc/passwd', '.env']) {
    const refused = await client.callTool({ name: 'summarize_csv', arguments: { path: name } })
    assert.equal(refused.isError, true)
    assert.ok(!JSON.stringify(refused).includes(folder))
  }

  const { resources } = await client.listResources()
  assert.deepEqual(resources.map(({ uri }) => uri).sort(), [
    'file:///data.csv',
    'file:///docs/a.md',
    'file:///logo.png',
  ])
  const { contents } = await client.readResource({ uri: 'file:///docs/a.md' })
  assert.deepEqual(contents, [
    { uri: 'file:///docs/a.md', mimeType: 'text/markdown', text: 'first\nneedle here\n' },
  ])
  const image = await client.readResource({ uri: 'file:///logo.png' })
  assert.deepEqual(image.contents, [{ uri: 'file:///logo.png', mimeType: 'image/png', blob: 'iVAA' }])
  for (const uri of [
    'file:///../secret.txt',
    'file:///%2e%2e/secret.txt',
    'file:///..%2fsecret.txt',
    'file:///.env',
  ]) {
    await assert.rejects(client.readResource({ uri }), /-32002|not found/i, uri)
  }
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'file:///{+path}' },
    argument: { name: 'path', value: 'd' },
  })
  assert.deepEqual(completion.values, ['data.csv', 'docs/a.md'])
  const { messages } = await client.getPrompt({ name: 'review_file', arguments: { path: 'docs/a.md' } })
  assert.equal(messages.length, 2)

  const updated = new Promise<string>((resolve) => {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => resolve(params.uri))
  })
  await client.subscribeResource({ uri: 'file:///docs/a.md' })
  await writeFile(path.join(root, 'docs', 'a.md'), 'changed')
  assert.equal(await updated, 'file:///docs/a.md')

  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})

test('start.ts writes a note only after the user agreed', async (t) => {
  const folder = await makeFolder(t, { 'root/a.txt': '', 'notes/keep.md': '' })
  const notes = path.join(folder, 'notes')
  const { url } = await start(t, ['--root', path.join(folder, 'root'), '--notes', notes])
  const client = await connect(t, url)
  const asked: string[] = []
  let answer: { action: 'accept' | 'decline'; content?: { confirm: boolean } } = { action: 'decline' }
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message)
    return answer
  })
  const write = () =>
    client.callTool({ name: 'confirm_and_write_note', arguments: { name: 'todo', text: 'milk' } })

  await write()
  answer = { action: 'accept', content: { confirm: false } }
  await write()
  assert.deepEqual(await readdir(notes), ['keep.md'])
  answer = { action: 'accept', content: { confirm: true } }
  await write()
  assert.equal(await readFile(path.join(notes, 'todo.md'), 'utf8'), 'milk')
  assert.equal(asked.length, 3)
  assert.ok(asked.every((message) => message.includes('todo.md') && message.includes('milk')))
  assert.equal((await write()).isError, true)
  await client.callTool({ name: 'confirm_and_write_note', arguments: { name: '../x', text: '' } })
  assert.equal(asked.length, 4, 'a name that is refused is not asked about')
})

test('start.ts without --notes says that it writes none', async (t) => {
  const { url } = await start(t, ['--root', await makeFolder(t, {})])
  const client = await connect(t, url)
  const result = await client.callTool({ name: 'confirm_and_write_note', arguments: { name: 'a', text: '' } })
  assert.equal(result.isError, true)
  assert.match(JSON.stringify(result.content), /--notes DIR/)
})

test('start.ts prints a curl line that lists the tools when pasted', {
  skip: process.platform === 'win32',
}, async (t) => {
  const { output } = await start(t, ['--root', await makeFolder(t, {})])
  const line = /curl {10}(curl .*)/.exec(output)?.[1]
  assert.ok(line !== undefined)
  const { stdout } = await promisify(execFile)('sh', ['-c', line])
  const { result } = JSON.parse(stdout) as { result: { tools: { name: string }[] } }
  assert.deepEqual(result.tools.map(({ name }) => name).sort(), [
    'confirm_and_write_note',
    'file_stats',
    'search_text',
    'summarize_csv',
  ])
})

test('start.ts stops with exit code 0 on SIGINT', async (t) => {
  const { child } = await start(t, ['--root', await makeFolder(t, {})])
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  assert.deepEqual(await exited, [0, null])
})

test('start.ts serves where nobody reads what it prints', async (t) => {
  const port = await freePort()
  const folder = await makeFolder(t, {})
  const args = [...typescript, script, '--port', String(port), '--root', folder]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  child.stdout.destroy()
  const exited = once(child, 'exit')
  assert.ok(await untilListening(port, () => child.exitCode !== null))
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  child.kill('SIGTERM')
  assert.deepEqual(await exited, [0, null])
})

/**
 * Takes a port whose neighbours nobody has: below those that systems give to who asks for any, as other tests do (from
 * 32768 on Linux, from 49152 elsewhere).
 */
async function takePort(t: TestContext): Promise<number> {
  for (;;) {
    const middle = 20_000 + 3 * Math.floor(Math.random() * 4000)
    const servers = [middle - 1, middle, middle + 1].map((port) => createServer().listen(port, '127.0.0.1'))
    const listen = await Promise.allSettled(servers.map((server) => once(server, 'listening')))
    const [before, taken, after] = servers
    before?.close()
    after?.close()
    if (listen.every(({ status }) => status === 'fulfilled')) {
      t.after(() => taken?.close())
      return middle
    }
    taken?.close()
  }
}

test('start.ts answers a port in use, a missing folder and a wrong option in a line each', async (t) => {
  const port = await takePort(t)
  const inUse = new RegExp(`^error: port ${port} on 127.0.0.1 is in use; choose another with --port N\n$`)
  const rows: [args: string[], stderr: RegExp][] = [
    [['--port', String(port)], inUse],
    // The authorization server had its port, and must not keep the program running.
    [['--port', String(port), '--auth'], new RegExp(inUse.source.slice(1))],
    [['--port', String(port - 1), '--auth'], inUse],
    [['--port', '99999'], /^error: --port: expected a number from 0 to 65535, got "99999"\n/],
    [['--port', '3000x'], /^error: --port: expected a number from 0 to 65535, got "3000x"\n/],
    [['--root', 'no-such-folder'], /^error: --root: no such folder: no-such-folder\n$/],
    [['--colour'], /^error: .*--colour.*\n\nUsage: npm start/s],
  ]
  for (const [args, expected] of rows) {
    const { code, stderr } = await fails(...args)
    assert.equal(code, 1)
    assert.match(stderr, expected)
    assert.doesNotMatch(stderr, /\n {4}at /)
  }
})
