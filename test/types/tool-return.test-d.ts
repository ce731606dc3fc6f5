/**
 * Type tests of what a tool may return: nothing at all, anything awaitable, and with an output schema only what fits.
 */
import type { McpServer } from '../../src/index.ts'

declare const server: McpServer
declare const row: { content: string; title: string }
declare function later<T>(value: T): PromiseLike<T>
declare function unlogged(): void

// A tool that does its work and has nothing to say.
server.registerTool('empty', {}, () => {})
server.registerTool('empty_later', {}, async () => {})
server.registerTool('void', {}, (): void => {})
server.registerTool('void_later', {}, async (): Promise<void> => {})
server.registerTool('early', {}, async (_args, ctx) => {
  if (ctx.aborted) return
  unlogged()
})
server.registerTool('sometimes', {}, (_args, ctx) => (ctx.aborted ? unlogged() : 'said'))
server.registerTool('undefined', {}, (): undefined => undefined)

// Awaitable by `then` alone.
server.registerTool('thenable', {}, () => later('text'))
server.registerTool('thenable_void', {}, () => later<void>(undefined))
server.registerPrompt('thenable', {}, () => later('text'))
server.registerResource('thenable', 'a:b', {}, () => later(new Uint8Array()))
server.registerResourceTemplate('thenable', 'a:{b}', { list: () => later([]) }, () => later('text'))
server.registerExtension('a/b', { methods: { 'b/get': () => later({}) } })

// What is returned keeps its literal types, and what is none of the forms is an error.
server.registerTool('block', {}, async () => ({ type: 'text', text: 'x' }))
server.registerTool('blocks', {}, () => [{ type: 'image', data: '', mimeType: 'image/png' }])
// @ts-expect-error no content block
server.registerTool('row', {}, () => row)
// @ts-expect-error strings are no content blocks
server.registerTool('strings', {}, () => ['a', 'b'])
// @ts-expect-error no such type of block
server.registerTool('json', {}, async () => ({ type: 'json' }))
// @ts-expect-error bytes are no base64 text
server.registerTool('bytes', {}, () => ({ type: 'image', data: Buffer.from(''), mimeType: 'image/png' }))

// With an output schema there is always something to return.
const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const
server.registerTool('structured', { outputSchema }, () => ({ structuredContent: { n: 1 } }))
server.registerTool('structured_later', { outputSchema }, () => later({ structuredContent: { n: 1 } }))
// @ts-expect-error nothing is not enough
server.registerTool('nothing', { outputSchema }, () => {})
// @ts-expect-error nothing is not enough
server.registerTool('nothing_later', { outputSchema }, async () => {})
// @ts-expect-error n is a number
server.registerTool('misfit', { outputSchema }, () => ({ structuredContent: { n: '1' } }))
