/** The commands that call, read and listen: what they send, and how what comes back is shown. */

import { isObject } from '../bounds/is-object.ts'
import { suggestion } from '../bounds/option-names.ts'
import type { CallToolResult, Change, ChangeFilter, ContentBlock, ResourceContents } from '../client/index.ts'
import { readArguments } from './arguments.ts'
import type { Opened } from './open.ts'
import { harmless, progressBar, type Terminal } from './terminal.ts'
import { UsageError } from './usage.ts'

/** @returns the exit code */
export async function call({ client, operands }: Opened, terminal: Terminal, json: boolean): Promise<number> {
  const [name, ...rest] = operands
  if (name === undefined) throw new UsageError('call needs the name of a tool')
  const tools = client.serverCapabilities.tools === undefined ? [] : await client.tools().toArray()
  const tool = tools.find((each) => each.name === name)
  if (tool === undefined) {
    const names = tools.map((each) => each.name)
    throw new UsageError(
      `The server has no tool ${JSON.stringify(name)}${suggestion(name, names) || `; it has ${harmless(names.slice(0, 20).join(', ')) || 'none'}`}`,
    )
  }
  const { stdin, signal } = terminal.surroundings
  const text = rest[0] === '-' ? await readAll(stdin) : undefined
  const args = readArguments(rest, tool.inputSchema ?? {}, text)
  const result = await client.callTool(name, args, {
    signal,
    onProgress: (report) => terminal.progress(progressBar(report)),
  })
  terminal.clearProgress()
  if (json) terminal.print(JSON.stringify(withoutWire(result), undefined, 2))
  else showResult(result, terminal)
  if (result.isError === true && /elicit/i.test(JSON.stringify(result.content))) terminal.noteWhyNotAsked()
  return result.isError === true ? 1 : 0
}

async function readAll(stdin: AsyncIterable<unknown>): Promise<string> {
  let text = ''
  for await (const chunk of stdin) text += chunk
  return text
}

/** What belongs to the transport, and not to the tool. */
function withoutWire(result: CallToolResult): object {
  const { resultType: _, ...rest } = result as CallToolResult & { readonly resultType?: unknown }
  return rest
}

function showResult({ content, structuredContent, isError }: CallToolResult, terminal: Terminal): void {
  const say = (text: string) =>
    isError === true ? terminal.note(terminal.style('red', text)) : terminal.print(text)
  for (const block of content) say(shown(block))
  // Texts beside it say the same again.
  if (structuredContent !== undefined && !content.some(({ type }) => type === 'text')) {
    say(harmless(JSON.stringify(structuredContent, undefined, 2)))
  }
}

function shown(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return harmless(block.text)
    case 'image':
    case 'audio':
      return `[${block.type}, ${harmless(block.mimeType)}, ${bytesOf(block.data)} bytes]`
    case 'resource_link':
      return `[${harmless(block.name)}: ${harmless(block.uri)}]`
    case 'resource':
      return shownContents(block.resource)
    default:
      return harmless(JSON.stringify(block))
  }
}

function shownContents(contents: ResourceContents): string {
  if ('text' in contents) return harmless(contents.text)
  return `[${harmless(contents.uri)}, ${harmless(contents.mimeType ?? 'bytes')}, ${bytesOf(contents.blob)} bytes]`
}

function bytesOf(base64: unknown): number {
  return typeof base64 === 'string' ? Math.floor((base64.replace(/=+$/, '').length * 3) / 4) : 0
}

export async function read({ client, operands }: Opened, terminal: Terminal, json: boolean): Promise<number> {
  const [uri, ...more] = operands
  if (uri === undefined || more.length > 0) throw new UsageError('read needs one URI')
  const { signal, stdout } = terminal.surroundings
  const result = await client.readResource(uri, { signal })
  if (json) terminal.print(JSON.stringify({ contents: result.contents }, undefined, 2))
  else {
    for (const contents of result.contents) {
      // A file gets the bytes, a terminal a description of them.
      if ('blob' in contents && stdout.isTTY !== true) terminal.bytes(Buffer.from(contents.blob, 'base64'))
      else if ('text' in contents && stdout.isTTY !== true) terminal.bytes(Buffer.from(contents.text))
      else terminal.print(shownContents(contents))
    }
  }
  return 0
}

export async function prompt(
  { client, operands }: Opened,
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  const [name, ...rest] = operands
  if (name === undefined) throw new UsageError('prompt needs the name of a prompt')
  const prompts = client.serverCapabilities.prompts === undefined ? [] : await client.prompts().toArray()
  const known = prompts.find((each) => each.name === name)
  const argumentNames = known && (known.arguments ?? []).map((argument) => argument.name)
  const args = readArguments(rest, undefined, undefined, argumentNames) as Record<string, string>
  const { messages, description } = await client.getPrompt(name, args, {
    signal: terminal.surroundings.signal,
  })
  if (json) terminal.print(JSON.stringify({ description, messages }, undefined, 2))
  else
    for (const { role, content } of messages)
      terminal.print(`${terminal.style('bold', `${role}:`)} ${shown(content)}`)
  return 0
}

export async function listen(
  { client, operands }: Opened,
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  const lists = { tools: true, prompts: true, resources: true }
  const filter: ChangeFilter = operands.length > 0 ? { resources: operands } : lists
  const changes = client.changes(filter)
  terminal.surroundings.signal.addEventListener('abort', () => void changes.return())
  if (!json) terminal.note(terminal.style('dim', 'Listening; Ctrl-C ends it.'))
  for await (const change of changes) terminal.print(json ? JSON.stringify(change) : sentence(change))
  return terminal.surroundings.signal.aborted ? 130 : 0
}

function sentence(change: Change): string {
  const time = new Date().toTimeString().slice(0, 8)
  switch (change.kind) {
    case 'resource':
      return `${time}  changed: ${harmless(change.uri)}`
    case 'gap':
      return `${time}  the connection was lost for a while: anything may have changed`
    default:
      return `${time}  the list of ${change.kind} changed`
  }
}

/** Names for tab completion: of tools, resources or prompts. */
export async function names({ client, operands }: Opened, terminal: Terminal): Promise<number> {
  const [kind] = operands
  const list = kind === 'read' ? client.resources() : kind === 'prompt' ? client.prompts() : client.tools()
  for await (const item of list) {
    const { uri, name } = item as { readonly uri?: string; readonly name: string }
    if (isObject(item)) terminal.print(harmless(uri ?? name))
  }
  return 0
}
