/**
 * README.md against the project. What the README owes this test:
 *
 * - its first ```ts block is the smallest server, complete: it imports from 'barewire', registers a tool whose
 *   required arguments are strings or numbers, and calls `serve`;
 * - the two commands `npm ci && npm start` and `npm ci && npm test`;
 * - a table with the columns revision, supported, proved by, and a row for each revision served;
 * - it has at most 12 KB.
 *
 * Of every document: each relative link names a file and a heading, each `npm run x` a script of package.json.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { start } from '../scripts/lib/child.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const prose = withoutCode(readme)

/** Preloaded: whatever port the program asks for, it gets a free one, and the address is printed. */
const ANY_PORT = `
import { Server } from 'node:net'
const { listen } = Server.prototype
Server.prototype.listen = function (first, ...rest) {
  const named = typeof first === 'object' && first !== null
  if (!(named ? 'port' in first : typeof first === 'number')) return listen.call(this, first, ...rest)
  this.once('listening', () => console.log('README-PORT=' + this.address().port))
  return listen.call(this, named ? { ...first, port: 0 } : 0, ...rest)
}
`

test('README.md: the smallest server runs as it stands and answers a call of its first tool', async (t) => {
  const block = readme.match(/^```ts\n([\s\S]*?)^```/m)?.[1]
  assert.ok(block !== undefined, 'README.md has no ```ts block')
  const home = mkdtempSync(join(tmpdir(), 'barewire-readme-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  // `barewire` as a user would have it installed, but read from src/, so that no build is needed.
  const installed = join(home, 'node_modules', 'barewire')
  mkdirSync(installed, { recursive: true })
  symlinkSync(join(root, 'src'), join(installed, 'src'), 'junction')
  writeFileSync(join(installed, 'package.json'), '{ "type": "module", "exports": "./src/index.ts" }')
  writeFileSync(join(home, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(home, 'any-port.mjs'), ANY_PORT)
  writeFileSync(join(home, 'server.ts'), block)

  const loader = import.meta.resolve('tsx')
  const args = ['--import', loader, '--import', './any-port.mjs', 'server.ts']
  const server = await start(process.execPath, args, /README-PORT=(\d+)/, { cwd: home })
  t.after(() => server.stop())
  const { text, isError } = await callFirstTool(`http://127.0.0.1:${server.match[1]}/mcp`)
  assert.notEqual(isError, true, `the tool answered an error: ${text}`)
  assert.match(text, /Oslo|\d/)
})

test('README.md: names the two commands', () => {
  assert.ok(readme.includes('npm ci && npm start'), 'no "npm ci && npm start"')
  assert.ok(readme.includes('npm ci && npm test'), 'no "npm ci && npm test"')
})

test('README.md: the schema dialects are named [basic.schema-dialects-documented]', () => {
  assert.match(prose, /Dialects: JSON Schema 2020-12 \(the default\) and draft-07/)
})

test('README.md: the table says for each revision whether it is supported and what proves it', () => {
  const lines = prose.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const head = lines.findIndex((cells) =>
    ['revision', 'supported', 'proved by'].every((name, i) => cells[i + 1]?.toLowerCase() === name),
  )
  assert.notEqual(head, -1, 'no table with the columns revision, supported, proved by')
  for (const revision of ['2025-03-26', '2025-06-18', '2025-11-25']) {
    const row = lines.slice(head + 2).find((cells) => cells[1]?.includes(revision))
    assert.ok(row !== undefined, `no row for ${revision}`)
    assert.match(row[2] ?? '', /\w/, `${revision} does not say whether it is supported`)
    assert.match(row[3] ?? '', /\w/, `${revision} does not say what proves it`)
  }
})

const documents = ['README.md', 'src/REFERENCE.md', '.github/CONTRIBUTING.md', '.github/SECURITY.md']
for (const folder of ['src', 'src/store', 'bench', 'scripts/examples']) documents.push(`${folder}/README.md`)

for (const document of documents) {
  test(`${document}: every relative link, every heading that one leads to, and every npm script exists`, () => {
    const text = readFileSync(join(root, document), 'utf8')
    const links = [...withoutCode(text).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)/g)].map(
      ([, link = '']) => link,
    )
    const missing = links.filter((link) => {
      const [path = '', heading] = link.split('#')
      const file = path === '' ? join(root, document) : join(root, dirname(document), path)
      return !existsSync(file) || (heading !== undefined && !headingsOf(file).includes(heading))
    })
    assert.deepEqual(missing, [])
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const named = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name)
    assert.deepEqual(
      named.filter((name) => scripts[name] === undefined),
      [],
    )
  })
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

/** What a link calls a heading: lower case, without punctuation, with hyphens for spaces. */
function headingsOf(file: string): string[] {
  const headings = withoutCode(readFileSync(file, 'utf8')).match(/^#+ .*/gm) ?? []
  return headings.map((line) =>
    line
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

test('README.md is read in five minutes: at most 12 KB', () => {
  assert.ok(Buffer.byteLength(readme) <= 12_288, `${Buffer.byteLength(readme)} bytes`)
})

/** Connects as a client would, and calls the first tool with made-up values for its required arguments. */
async function callFirstTool(url: string): Promise<{ text: string; isError: boolean | undefined }> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  const post = (message: object) =>
    fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) })
  const clientInfo = { name: 'readme-test', version: '1.0.0' }
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
  const opened = await post({ id: 1, method: 'initialize', params })
  assert.equal(opened.status, 200, await opened.clone().text())
  await opened.text()
  headers['mcp-protocol-version'] = '2025-11-25'
  const session = opened.headers.get('mcp-session-id')
  if (session !== null) headers['mcp-session-id'] = session
  await (await post({ method: 'notifications/initialized' })).text()

  const listed = JSON.parse(await (await post({ id: 2, method: 'tools/list' })).text())
  const tool = listed.result?.tools?.[0]
  assert.ok(tool !== undefined, `expected a tool, got ${JSON.stringify(listed)}`)
  const required: string[] = tool.inputSchema.required ?? []
  const values = required.map((name) => [
    name,
    tool.inputSchema.properties[name].type === 'string' ? 'Oslo' : 1,
  ])
  const called = await post({
    id: 3,
    method: 'tools/call',
    params: { name: tool.name, arguments: Object.fromEntries(values) },
  })
  const { result, error } = JSON.parse(await called.text())
  assert.equal(error, undefined)
  return { text: result.content[0].text, isError: result.isError }
}
