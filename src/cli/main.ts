/**
 * The command: from the words of the command line to an exit code.
 *
 *    arguments.ts --> open.ts --> inspect.ts, commands.ts --> terminal.ts
 *
 *    0 done    1 the tool failed    2 usage error    3 no connection, HTTP    4 protocol    130 Ctrl-C
 */

import { isObject } from '../bounds/is-object.ts'
import { statusOf } from '../client/index.ts'
import { McpError, RpcError } from '../jsonrpc/rpc-error.ts'
import { type CommandLine, readCommandLine } from './arguments.ts'
import { call, listen, names, prompt, read } from './commands.ts'
import { completionScript } from './completion.ts'
import { inspect } from './inspect.ts'
import { logIn, logOut, type Opened, open } from './open.ts'
import { oneLine, type Surroundings, Terminal } from './terminal.ts'
import { help, UsageError } from './usage.ts'

const VERSION = '0.1.0'
const INTERRUPTED = 130
/** What is wrong with what the server said, and not with the way to it. */
const PROTOCOL: ReadonlySet<string> = new Set([
  'ERR_CLIENT_CAPABILITY',
  'ERR_INVALID_ANSWER',
  'ERR_INVALID_RESPONSE',
  'ERR_MESSAGE_TOO_LARGE',
  'ERR_NOT_SUPPORTED',
  'ERR_OUTPUT_SCHEMA',
  'ERR_TASK_CANCELLED',
  'ERR_TOO_MANY_ROUNDS',
  'ERR_UNSUPPORTED_VERSION',
])

export async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let terminal = new Terminal(surroundings, true)
  try {
    const line = readCommandLine(args)
    terminal = new Terminal(surroundings, line.colors)
    return await run(line, terminal)
  } catch (error) {
    terminal.clearProgress()
    if (surroundings.signal.aborted) return INTERRUPTED
    return explain(error, terminal)
  }
}

async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const { command, json } = line
  if (line.version) {
    terminal.print(VERSION)
    return 0
  }
  if (line.help || command === undefined) {
    terminal.print(help(command))
    return line.help ? 0 : 2
  }
  switch (command) {
    case 'completion':
      terminal.print(completionScript(line.operands[0]))
      return 0
    case 'login': {
      const { target } = await logIn(line, terminal)
      terminal.print(json ? JSON.stringify({ loggedIn: target }) : `Logged in to ${target}`)
      return 0
    }
    case 'logout': {
      const { target } = await logOut(line, terminal)
      terminal.print(json ? JSON.stringify({ loggedOut: target }) : `Forgot the tokens of ${target}`)
      return 0
    }
    default: {
      const opened = await open(line, terminal)
      try {
        return await use(command, opened, terminal, json)
      } finally {
        await opened.client.close()
      }
    }
  }
}

async function use(command: string, opened: Opened, terminal: Terminal, json: boolean): Promise<number> {
  switch (command) {
    case 'inspect':
      await inspect(opened, terminal, json)
      return 0
    case 'call':
      return await call(opened, terminal, json)
    case 'read':
      return await read(opened, terminal, json)
    case 'prompt':
      return await prompt(opened, terminal, json)
    case 'names':
      return await names(opened, terminal)
    default:
      return await listen(opened, terminal, json)
  }
}

/** Says what went wrong, in one line, and gives its exit code. */
function explain(error: unknown, terminal: Terminal): number {
  const say = (text: string) => terminal.note(`barewire: ${oneLine(text)}`)
  if (error instanceof UsageError || error instanceof TypeError) {
    say(error.message)
    return 2
  }
  if (error instanceof RpcError) {
    say(`the server answered with the error ${error.code}: ${error.message}`)
    const { requiredCapabilities } = (error.data ?? {}) as { readonly requiredCapabilities?: unknown }
    if (isObject(requiredCapabilities) && 'elicitation' in requiredCapabilities) terminal.noteWhyNotAsked()
    return 4
  }
  if (error instanceof McpError) {
    say(error.message)
    if (statusOf(error) === 401) terminal.note('It asks for a login: barewire login URL, or --token TOKEN')
    return PROTOCOL.has(error.code) ? 4 : 3
  }
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return 4
}
