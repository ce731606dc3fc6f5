/** The commands that call, read and listen: what they send, and how what comes back is shown. */

import { addAbortSignal, type Readable } from 'node:stream'
import { isObject } from '../bounds/is-object.ts'
import { suggestion } from '../bounds/option-names.ts'
import type { CallToolResult, Change, ChangeFilter, JsonObject, Prompt } from '../client/index.ts'
import { readArguments } from './arguments.ts'
import type { Opened } from './open.ts'
import { harmless, oneLine, progressBar, type Terminal } from './terminal.ts'
import { UsageError } from './usage.ts'

/** @returns the exit code */
export async function call({ client, operands }: Opened, terminal: Terminal, json: boolean): Promise<number> {
  const [name, ...rest] = operands
  if (name === undefined) throw new UsageError('call needs the name of a tool')
  const { stdin, signal } = terminal.surroundings
  const tools = client.serverCapabilities.tools === undefined ? [] : await client.tools({ signal }).toArray()
  const tool = tools.find((each) => each.name === name)
  if (tool === undefined) {
    const names = tools.map((each) => each.name)
    throw new UsageError(
      `The server has no tool ${JSON.stringify(name)}${suggestion(name, names) || `; it has ${harmless(names.slice(0, 20).join(', ')) || 'none'}`}`,
    )
  }
  const text = rest[0] === '-' ? await readAll(stdin, signal) : undefined
  const args = readArguments(rest, tool.inputSchema ?? {}, text)
  const result = await client.callTool(name, args, {
    signal,
    onProgress: (report) => terminal.progress(progressBar(report)),
  })
  terminal.clearProgress()
  if (json) terminal.printJson(withoutWire(result), 2)
  else showResult(result, terminal)
  if (result.isError === true && /elicit/i.test(JSON.stringify(result.content))) terminal.noteWhyNotAsked()
  return result.isError === true ? 1 : 0
}

async function readAll(stdin: Readable, signal: AbortSignal): Promise<string> {
  let text = ''
  // A character may be cut between two chunks.
  for await (const chunk of addAbortSignal(signal, stdin.setEncoding('utf8'))) text += chunk
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
  if (structuredContent !== undefined && !content.some((block) => block?.type === 'text')) {
    say(harmless(JSON.stringify(structuredContent, undefined, 2)))
  }
}

/** @param block - of content; nothing of what it should have was checked */
function shown(block: unknown): string {
  if (!isObject(block)) return harmless(block)
  const { type, text, mimeType, data, name, uri, resource } = block
  switch (type) {
    case 'text':
      return harmless(text)
    case 'image':
    case 'audio':
      return `[${type}, ${harmless(mimeType)}, ${bytesOf(data)} bytes]`
    case 'resource_link':
      return `[${harmless(name)}: ${harmless(uri)}]`
    case 'resource':
      return shownContents(resource)
    default:
      return harmless(block)
  }
}

function shownContents(contents: unknown): string {
  if (!isObject(contents)) return harmless(contents)
  const { text, uri, mimeType = 'bytes', blob } = contents
  return text === undefined
    ? `[${harmless(uri)}, ${harmless(mimeType)}, ${bytesOf(blob)} bytes]`
    : harmless(text)
}

function bytesOf(base64: unknown): number {
  return typeof base64 === 'string' ? Math.floor((base64.replace(/=+$/, '').length * 3) / 4) : 0
}

/** What a prompt takes, as far as the server says it in objects. */
export function argumentsOf({ arguments: args }: Prompt): readonly JsonObject[] {
  return Array.isArray(args) ? args.filter(isObject) : []
}

export async function read({ client, operands }: Opened, terminal: Terminal, json: boolean): Promise<number> {
  const [uri, ...more] = operands
  if (uri === undefined || more.length > 0) throw new UsageError('read needs one URI')
  const { signal, stdout } = terminal.surroundings
  const result = await client.readResource(uri, { signal })
  if (json) terminal.printJson({ contents: result.contents }, 2)
  else {
    for (const contents of result.contents) {
      const { blob, text }: { readonly blob?: unknown; readonly text?: unknown } = contents ?? {}
      // A file gets the bytes, a terminal a description of them.
      if (typeof blob === 'string' && stdout.isTTY !== true) terminal.bytes(Buffer.from(blob, 'base64'))
      else if (typeof text === 'string' && stdout.isTTY !== true) terminal.bytes(Buffer.from(text))
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
  const { signal } = terminal.surroundings
  const offered = client.serverCapabilities.prompts !== undefined
  const prompts = offered ? await client.prompts({ signal }).toArray() : []
  const known = prompts.find((each) => each.name === name)
  const argumentNames = known && argumentsOf(known).map((argument) => harmless(argument['name']))
  const args = readArguments(rest, undefined, undefined, argumentNames) as Record<string, string>
  const { messages, description } = await client.getPrompt(name, args, { signal })
  if (json) terminal.printJson({ description, messages }, 2)
  else
    for (const message of messages) {
      const { role, content }: { readonly role?: unknown; readonly content?: unknown } = message ?? {}
      terminal.print(`${terminal.style('bold', `${oneLine(role)}:`)} ${shown(content)}`)
    }
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
  for await (const change of changes) json ? terminal.printJson(change) : terminal.print(sentence(change))
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
  const { signal } = terminal.surroundings
  const list =
    kind === 'read'
      ? client.resources({ signal })
      : kind === 'prompt'
        ? client.prompts({ signal })
        : client.tools({ signal })
  for await (const item of list) {
    const { uri, name } = item as { readonly uri?: string; readonly name: string }
    if (isObject(item)) terminal.print(harmless(uri ?? name))
  }
  return 0
}
