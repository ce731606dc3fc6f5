/** Patterns that take a backtracking engine more than linear time: what is said when they are registered. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { z } from 'zod'
import { McpServer, type ServerOptions } from '../../src/index.ts'

const info = { name: 'patterns', version: '1' }

/** Collects the warnings of one test. */
async function warningsOf(t: TestContext, act: () => void): Promise<string[]> {
  const seen: string[] = []
  const listener = (warning: Error & { code?: string }) => {
    if (warning.code === 'BAREWIRE_PATTERN') seen.push(warning.message)
  }
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  act()
  // Warnings are told a turn after they were given.
  await new Promise((resolve) => setImmediate(resolve))
  return seen
}

const withPattern = (pattern: string) => ({
  inputSchema: { type: 'object', properties: { text: { type: 'string', pattern } } } as const,
})

test('a tool or prompt with a slow pattern is registered with one warning that names it and the pattern', async (t) => {
  const rows: readonly (readonly [name: string, register: (server: McpServer) => void, pattern: RegExp])[] = [
    [
      'property',
      (server) => server.registerTool('property', withPattern('^(a+)+x$'), () => ''),
      /"\^\(a\+\)\+x\$"/,
    ],
    [
      'nested',
      (server) => {
        const items = { anyOf: [{ type: 'string' }, { type: 'string', pattern: 'nested.*x' }] } as const
        const inputSchema = { type: 'object', properties: { list: { type: 'array', items } } } as const
        server.registerTool('nested', { inputSchema }, () => '')
      },
      /"nested\.\*x"/,
    ],
    [
      'names',
      (server) => {
        const patternProperties = { '^(\\w+-?)+$': {}, 'n+$': {} }
        server.registerTool('names', { inputSchema: { type: 'object', patternProperties } }, () => '')
      },
      /and 1 more/,
    ],
    [
      'library',
      (server) => {
        const inputSchema = z.object({ code: z.string().regex(/^([a-z]+)*#$/) })
        server.registerTool('library', { inputSchema }, () => '')
      },
      /the library that checks it here/,
    ],
    [
      'prompt',
      (server) => server.registerPrompt('prompt', { argsSchema: withPattern('p+q').inputSchema }, () => ''),
      /"p\+q"/,
    ],
  ]
  for (const [name, register, pattern] of rows) {
    const seen = await warningsOf(t, () => {
      register(new McpServer(info))
      // Whoever makes a server for each client is told once.
      register(new McpServer(info))
    })
    assert.equal(seen.length, 1, `${name}: ${seen.join('\n')}`)
    assert.match(seen[0] as string, pattern)
    assert.match(seen[0] as string, new RegExp(`"${name}" (?:inputSchema|argsSchema).*slowPatterns: 'allow'`))
  }
})

test('patterns of everyday use, and what only looks like a pattern, are registered without a word', async (t) => {
  const seen = await warningsOf(t, () => {
    const server = new McpServer(info)
    for (const [i, pattern] of [
      '^[a-z0-9_-]{1,64}$',
      '^https?://\\S+$',
      '^\\d{4}-\\d\\d-\\d\\d$',
      '.*',
    ].entries()) {
      server.registerTool(`plain_${i}`, withPattern(pattern), () => '')
    }
    const inputSchema = {
      type: 'object',
      properties: {
        pattern: { type: 'string', description: '(a+)+$' },
        default: { type: 'object', default: { pattern: '(a+)+$' } },
        one: { enum: [{ pattern: '(a+)+$' }] },
      },
    } as const
    server.registerTool('pattern', { inputSchema }, () => '')
    const email = z.object({ mail: z.email(), id: z.uuid(), at: z.iso.datetime(), ip: z.ipv4() })
    server.registerTool('zod', { inputSchema: email }, () => '')
  })
  assert.deepEqual(seen, [])
})

test("slowPatterns: 'refuse' throws a TypeError and registers nothing, 'allow' says nothing", async (t) => {
  const strict = new McpServer(info, { slowPatterns: 'refuse' })
  assert.throws(() => strict.registerTool('slow', withPattern('(r+)+$'), () => ''), {
    name: 'TypeError',
    message: /tool "slow" inputSchema: the pattern "\(r\+\)\+\$" can take/,
  })
  const argsSchema = withPattern('(r+)+$').inputSchema
  assert.throws(() => strict.registerPrompt('slow', { argsSchema }, () => ''), /prompt "slow" argsSchema/)
  const outputSchema = argsSchema
  assert.throws(
    () => strict.registerTool('slow', { outputSchema }, () => ({ structuredContent: {} })),
    /tool "slow" outputSchema/,
  )
  assert.equal(strict.tools.size + strict.prompts.size, 0)
  const handle = strict.registerTool('fast', withPattern('^r+$'), () => '')
  assert.throws(() => handle.update(withPattern('(r+)+$')), TypeError)
  const seen = await warningsOf(t, () => {
    new McpServer(info, { slowPatterns: 'allow' }).registerTool('slow', withPattern('(s+)+$'), () => '')
  })
  assert.deepEqual(seen, [])
})

test('slowPatterns is checked at construction', () => {
  for (const value of ['ignore', true, null, 1]) {
    const options = { slowPatterns: value } as unknown as ServerOptions
    assert.throws(() => new McpServer(info, options), /slowPatterns must be 'warn', 'refuse' or 'allow'/)
  }
})
