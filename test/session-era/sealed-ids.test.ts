/** Sealed session ids: what opens and what does not, for how long, and how long they are. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { KeyRing } from '../../src/dispatch/key-ring.ts'
import { readInitializeParams } from '../../src/session-era/handshake.ts'
import { readSessionKeys, SealedIds } from '../../src/session-era/sealed-ids.ts'
import { cpuMs } from '../helpers/cpu-time.ts'

const KEY = 'k'.repeat(32)
const DAY_MS = 86_400_000

function sealedIds({ keys = [KEY], lifetimeMs = DAY_MS, name = 'server' } = {}): SealedIds {
  return new SealedIds(readSessionKeys(keys) as KeyRing, lifetimeMs, name)
}

const hello = (clientInfo: object, capabilities: object = {}, protocolVersion = '2025-11-25') =>
  readInitializeParams({
    protocolVersion,
    clientInfo: { name: 'client', version: '1', ...clientInfo },
    capabilities,
  })

const SAID = hello({})
const ui = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } }
const ask = { form: {}, url: {} }

/** What clients of 2026 say of themselves. */
const REAL: { readonly [client: string]: readonly [clientInfo: object, capabilities: object] } = {
  'Claude Code': [
    {
      name: 'claude-code',
      title: 'Claude Code',
      version: '2.1.45',
      description: "Anthropic's agentic coding tool",
      websiteUrl: 'https://claude.com/claude-code',
    },
    { roots: {}, elicitation: ask },
  ],
  Cursor: [
    { name: 'cursor-vscode', version: '1.0.0' },
    {
      tools: true,
      prompts: true,
      resources: true,
      logging: false,
      elicitation: { form: {} },
      roots: { listChanged: false },
      extensions: ui,
    },
  ],
  'VS Code': [
    { name: 'Visual Studio Code', version: '1.104.0' },
    {
      roots: { listChanged: true },
      sampling: {},
      elicitation: ask,
      tasks: {
        list: {},
        cancel: {},
        requests: { sampling: { createMessage: {} }, elicitation: { create: {} } },
      },
      extensions: ui,
    },
  ],
  'mcp-remote': [{ name: 'claude-ai (via mcp-remote 0.1.29)', version: '0.1.0' }, {}],
  Inspector: [
    { name: 'inspector-client', version: '0.17.2' },
    { sampling: {}, elicitation: {}, roots: { listChanged: true } },
  ],
}

test('SealedIds gives back what a client said, its revision and its log level', () => {
  const ids = sealedIds()
  const odd = { title: 'ключ \u2028 \ud800', [`__proto__`]: { a: 1 } }
  for (const revision of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) {
    for (const level of [undefined, 'info', 'emergency'] as const) {
      const said = hello(odd, { roots: { listChanged: true } }, revision)
      const id = ids.seal(said, level, 'alice') as string
      assert.match(id, /^[\x21-\x7e]{1,500}$/)
      assert.doesNotMatch(Buffer.from(id, 'base64url').toString('latin1'), /client|alice|roots|2025/)
      const restored = sealedIds().open(id, 'alice')
      assert.deepEqual(restored, { params: said, logLevel: level })
    }
  }
  assert.notEqual(ids.seal(SAID, undefined, undefined), ids.seal(SAID, undefined, undefined))
})

test('what real clients say of themselves fits, whole', (t) => {
  for (const [client, said] of Object.entries(REAL)) {
    const ids = sealedIds()
    const given = hello(...said)
    const id = ids.seal(given, 'info', 'a principal of any length'.repeat(100)) as string
    t.diagnostic(`${client}: ${given.peerKey.length} characters of JSON in an id of ${id.length}`)
    assert.ok(id.length < 200, `${client}: ${id.length}`)
    assert.deepEqual(ids.open(id, 'a principal of any length'.repeat(100))?.params, given)
  }
})

test('a client that says too much is remembered by its name and its capabilities, or by those that are asked for', () => {
  const ids = sealedIds()
  const noise = (bytes: number) => randomBytes(bytes).toString('base64')
  const name = { name: 'n', version: '2', title: 'T' }
  const asked = { roots: {}, sampling: { tools: {} }, elicitation: { form: {} } }
  const restored = (info: object, capabilities: object) => {
    const id = ids.seal(hello(info, capabilities), undefined, undefined)
    assert.ok(id === undefined || id.length <= 500)
    return id === undefined ? undefined : ids.open(id, undefined)?.params.peer
  }
  const icons = [{ src: `data:image/png;base64,${noise(2000)}` }]
  const free = { ...asked, experimental: { mine: {} } }
  assert.deepEqual(restored({ ...name, icons, description: 'x' }, free), { info: name, capabilities: free })
  const large = { ...asked, experimental: { mine: noise(600) } }
  assert.deepEqual(restored({ ...name, description: 'x' }, large), { info: name, capabilities: asked })
  assert.equal(restored({ ...name, name: noise(600) }, {}), undefined)
  // 16 KB that say nothing, and what is compressed best: no more work than for others.
  assert.equal(restored({ name: 'a'.repeat(15_000) }, {}), undefined)
})

test('an id of which any character or byte was changed, added or left out does not open', () => {
  const ids = sealedIds()
  const id = ids.seal(SAID, undefined, undefined) as string
  const bytes = Buffer.from(id, 'base64url')
  const never = [
    '',
    'A'.repeat(32),
    'x'.repeat(44),
    `${id}=`,
    ` ${id}`,
    `${id}\n`,
    id.repeat(2),
    'ключ',
    '\u0000',
  ]
  for (let i = 0; i < id.length; i++) {
    never.push(id.slice(0, i), id.slice(0, i) + id.slice(i + 1), `${id.slice(0, i)}A${id.slice(i)}`)
    never.push(`${id.slice(0, i)}${id[i] === 'A' ? 'B' : 'A'}${id.slice(i + 1)}`)
  }
  for (let i = 0; i < bytes.length; i++) {
    for (const bit of [1, 128]) {
      const changed = Buffer.from(bytes)
      changed[i] = (bytes[i] as number) ^ bit
      never.push(changed.toString('base64url'))
    }
  }
  for (const other of never) if (other !== id) assert.equal(ids.open(other, undefined), undefined, other)
  assert.ok(ids.open(id, undefined) !== undefined)
})

test('an id opens for its own principal, its own server and its own purpose only', () => {
  const ids = sealedIds()
  const id = ids.seal(SAID, undefined, 'alice') as string
  const nobodys = ids.seal(SAID, undefined, undefined) as string
  for (const other of ['bob', 'alice ', '', undefined]) assert.equal(ids.open(id, other), undefined)
  for (const other of ['alice', '', 'null', 'undefined']) assert.equal(ids.open(nobodys, other), undefined)
  assert.equal(sealedIds({ name: 'other' }).open(id, 'alice'), undefined)
  const states = new KeyRing([KEY], 'barewire request state', 'requestState.keys')
  assert.equal(ids.open(states.seal('{}', JSON.stringify(['server', 'alice'])), 'alice'), undefined)
  assert.ok(ids.open(id, 'alice') !== undefined)
})

test('keys rotate: the first one seals, all of them open, and one that was taken out opens no more', () => {
  const [a, b] = [KEY, 'b'.repeat(32)]
  const old = sealedIds({ keys: [a] }).seal(SAID, undefined, undefined) as string
  const during = sealedIds({ keys: [b, a] })
  assert.ok(during.open(old, undefined) !== undefined)
  const fresh = during.seal(SAID, undefined, undefined) as string
  const after = sealedIds({ keys: [b] })
  assert.ok(after.open(fresh, undefined) !== undefined)
  assert.equal(after.open(old, undefined), undefined)
})

test('an id opens until its life is over, and with lifetimeMs 0 for ever, whatever others are told', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 })
  const ids = sealedIds({ lifetimeMs: 5000 })
  const id = ids.seal(SAID, undefined, undefined) as string
  const lasting = sealedIds({ lifetimeMs: 0 }).seal(SAID, undefined, undefined) as string
  const others = sealedIds({ lifetimeMs: DAY_MS })
  t.mock.timers.setTime(1_000_004_999)
  assert.ok(ids.open(id, undefined) !== undefined && others.open(id, undefined) !== undefined)
  t.mock.timers.setTime(1_000_005_000)
  assert.ok(ids.open(id, undefined) === undefined && others.open(id, undefined) === undefined)
  t.mock.timers.setTime(4e12)
  assert.ok(ids.open(lasting, undefined) !== undefined)
})

test('an id that ended does not open again, however many others end after it', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 1_000_000_000 })
  const ids = sealedIds()
  const seal = () => ids.seal(SAID, undefined, undefined) as string
  const before = seal()
  const first = seal()
  ids.end(first)
  assert.equal(ids.open(first, undefined), undefined)
  assert.ok(ids.open(before, undefined) !== undefined)
  t.mock.timers.setTime(1_000_001_000)
  const after = seal()
  for (let n = 0; n < 65_535; n++) ids.end(`another.${n}`.padEnd(32))
  assert.ok(ids.open(before, undefined) !== undefined, 'there was room for all')
  ids.end('another.and the last one')
  assert.equal(ids.open(first, undefined), undefined)
  assert.equal(ids.open(before, undefined), undefined, 'nobody knows any more whether it ended')
  assert.ok(ids.open(after, undefined) !== undefined)
})

test('an id of an earlier release opens: where what is sealed changes, its purpose does', () => {
  const id = 'AQRGX41pd-3fuHS2tLFWmikI1Vw7ASngv_6jV8-q7Wt4UAu3_NBSLH_kPiCSM3CumPSJXJ0iQ3VOwEuBlQ'
  assert.deepEqual(sealedIds().open(id, 'alice'), {
    params: hello({ title: 'A title' }, { roots: { listChanged: true } }),
    logLevel: 'info',
  })
})

test('a flood of forged ids costs little for each of them', () => {
  const ids = sealedIds()
  const id = ids.seal(SAID, undefined, undefined) as string
  // With the right key, so that all of it is decrypted.
  const forged = Buffer.concat([Buffer.from(id, 'base64url').subarray(0, 33), randomBytes(342)])
  const longest = forged.toString('base64url')
  assert.equal(longest.length, 500)
  const allMs = cpuMs(() => {
    for (let n = 0; n < 10_000; n++) {
      assert.equal(ids.open(longest, undefined), undefined)
      assert.equal(ids.open('A'.repeat(8000 + n), undefined), undefined)
    }
  })
  const perIdMs = allMs / 10_000
  assert.ok(perIdMs < 0.3, `${perIdMs} ms for each`)
})

test('what a client says is compressed at a bounded cost', () => {
  const ids = sealedIds()
  const ab = (length: number) => Array.from(randomBytes(length), (byte) => 'ab'[byte & 1]).join('')
  const worst = [ab(15_000), ab(4000), 'a'.repeat(15_000), '{}'.repeat(2000)].map((title) => hello({ title }))
  const allMs = cpuMs(() => {
    for (let n = 0; n < 100; n++) for (const said of worst) ids.seal(said, undefined, undefined)
  })
  const perClientMs = allMs / 400
  assert.ok(perClientMs < 5, `${perClientMs} ms for each`)
})
