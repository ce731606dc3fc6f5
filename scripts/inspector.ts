/**
 * `tsx scripts/inspector.ts`: the command line of the MCP Inspector against our fixture, over HTTP and over stdio.
 *
 * The Inspector lives in test/interop/inspector/ with a lock file of its own and needs Node 22.19 or newer; the
 * server runs on the Node that runs this script. What the Inspector wants to remember goes to a temporary folder,
 * so that nobody's own settings are read or written.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, start } from './lib/child.ts'
import { findNode, ownMajor } from './lib/find-node.ts'
import { installApart } from './lib/install-apart.ts'

interface Case {
  readonly args: readonly string[]
  /** Of the Inspector; 5 is an error that the server reported. */
  readonly exit: number
  /** What the result must be, or hold. */
  readonly expected: object
}

const call = (name: string, ...args: string[]) => ['--method', 'tools/call', '--tool-name', name, ...args]
const text = (value: string) => [{ type: 'text', text: value }]

const cases: readonly Case[] = [
  {
    args: ['--method', 'tools/list'],
    exit: 0,
    expected: { tools: [{ name: 'test_simple_text', description: 'Answers with one text' }] },
  },
  {
    args: call('test_simple_text'),
    exit: 0,
    expected: { content: text('This is a simple text response for testing.') },
  },
  {
    args: call('json_schema_2020_12_tool', '--tool-arg', 'name=ada', 'phone=x1', 'contactMethod=phone'),
    exit: 0,
    expected: { content: text('Called with {"name":"ada","phone":"x1","contactMethod":"phone"}') },
  },
  {
    args: call('test_tool_with_progress'),
    exit: 0,
    expected: { content: text('Tool with progress executed successfully') },
  },
  {
    args: call('test_error_handling'),
    exit: 5,
    expected: { isError: true, content: text('This tool intentionally returns an error for testing') },
  },
  {
    args: ['--method', 'resources/read', '--uri', 'test://template/7/data'],
    exit: 0,
    expected: { contents: [{ uri: 'test://template/7/data', mimeType: 'application/json' }] },
  },
  {
    args: ['--method', 'prompts/get', '--prompt-name', 'test_prompt_with_arguments'].concat(
      '--prompt-args',
      'arg1=a',
      'arg2=b',
    ),
    exit: 0,
    expected: { messages: [{ role: 'user', content: text("Prompt with arguments: arg1='a', arg2='b'")[0] }] },
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const inspector = await installApart(
  join(root, 'test', 'interop', 'inspector'),
  '@modelcontextprotocol/inspector',
)
const node = ownMajor >= 22 ? process.execPath : await findNode(22)
const memory = mkdtempSync(join(tmpdir(), 'barewire-inspector-'))
const server = ['--import', 'tsx', 'test/fixture/server.ts', '--port', '0']
const fixture = await start(process.execPath, server, /listening on (http:\/\/\S+)/, { cwd: root })
try {
  const stdio = [join(root, 'node_modules', '.bin', 'tsx'), 'test/fixture/server.ts', '--stdio']
  for (const target of [[fixture.match[1] ?? ''], stdio]) {
    for (const each of cases) await check(each, target)
  }
} finally {
  await fixture.stop()
  rmSync(memory, { recursive: true, force: true })
}

async function check({ args, exit, expected }: Case, target: readonly string[]): Promise<void> {
  const cli = join(inspector, 'clients', 'launcher', 'build', 'index.js')
  const { code, stdout, stderr } = await run(node, [cli, '--cli', ...target, ...args, '--format', 'json'], {
    cwd: root,
    env: { ...process.env, HOME: memory, USERPROFILE: memory },
  })
  try {
    assert.equal(code, exit)
    assertHolds(JSON.parse(stdout).result, expected)
    console.log(`ok      ${target.at(-1)} ${args.join(' ')}`)
  } catch (error) {
    console.error(
      `FAILED  ${target.at(-1)} ${args.join(' ')}\n${(error as Error).message}\n${stdout}${stderr}`,
    )
    process.exitCode = 1
  }
}

/** Objects and lists may hold more than is expected of them. */
function assertHolds(actual: unknown, expected: unknown): void {
  if (typeof expected !== 'object' || expected === null) {
    assert.equal(actual, expected)
    return
  }
  for (const [key, value] of Object.entries(expected)) {
    assertHolds((actual as { [key: string]: unknown } | undefined)?.[key], value)
  }
}
