/** The command line: its commands, its options, and the texts of `--help`. */

/** A mistake in how the command was called: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface Command {
  /** Behind the name, as it is written in the help. */
  readonly args: string
  readonly summary: string
  readonly details?: string
}

/** For the scripts of tab completion, and not for people. */
export const HIDDEN = 'names'

export const COMMANDS: Readonly<Record<string, Command>> = {
  inspect: { args: 'URL', summary: 'what a server is and offers' },
  call: {
    args: 'URL TOOL [key=value ... | JSON | -]',
    summary: 'call a tool',
    details:
      'Values are read as the input schema of the tool says: a=5 is a number where it asks for one. - reads JSON from standard input.',
  },
  read: { args: 'URL URI', summary: 'read a resource' },
  prompt: { args: 'URL NAME [key=value ...]', summary: 'fill in a prompt' },
  listen: {
    args: 'URL [RESOURCE ...]',
    summary: 'print changes as they happen',
    details: 'Without resources: changes of the lists of tools, prompts and resources.',
  },
  login: { args: 'URL', summary: 'log in with the browser; later commands use the tokens' },
  logout: { args: 'URL', summary: 'forget the tokens of a server' },
  completion: { args: 'bash | zsh', summary: 'print the script for tab completion' },
}

export const OPTIONS = {
  json: { type: 'boolean', help: 'print one JSON document (listen: one a line)' },
  header: {
    type: 'string',
    short: 'H',
    multiple: true,
    value: "'Name: value'",
    help: 'send a header with each request',
  },
  token: { type: 'string', value: 'TOKEN', help: 'send a bearer token; BAREWIRE_TOKEN does the same' },
  stdio: { type: 'string', value: 'CMD', help: 'start the server as a process, in place of URL' },
  revision: { type: 'string', value: 'DATE', help: 'speak this revision of the protocol' },
  timeout: { type: 'string', value: 'SECONDS', help: 'for each request; 0: none (60)' },
  'no-color': { type: 'boolean', help: 'no colours; NO_COLOR does the same' },
  help: { type: 'boolean', short: 'h', help: 'print this' },
  version: { type: 'boolean', help: 'print the version' },
} as const

const EXITS = [
  '0    done',
  '1    the tool says that it failed',
  '2    the command was called wrongly',
  '3    the server could not be reached, or refused (HTTP)',
  '4    the server broke the protocol, or answered with an error of it',
  '130  Ctrl-C',
]

/** The help, of one command where it is named. */
export function help(name?: string): string {
  const command = name === undefined ? undefined : COMMANDS[name]
  if (name !== undefined && command !== undefined) {
    const details = command.details === undefined ? [] : ['', command.details]
    return [
      `barewire ${name} ${command.args}`,
      '',
      `  ${command.summary}`,
      ...details,
      '',
      ...optionLines(),
    ].join('\n')
  }
  const width = Math.max(...Object.entries(COMMANDS).map(([key, { args }]) => `${key} ${args}`.length))
  const commands = Object.entries(COMMANDS).map(([key, { args, summary }]) => {
    return `  ${`${key} ${args}`.padEnd(width)}  ${summary}`
  })
  return [
    'barewire: a client of MCP servers',
    '',
    ...commands,
    '',
    ...optionLines(),
    '',
    'Exit codes',
    ...EXITS.map((line) => `  ${line}`),
  ].join('\n')
}

function optionLines(): string[] {
  const names = Object.entries(OPTIONS).map(([name, option]) => {
    const short = 'short' in option ? `-${option.short}, ` : ''
    return [`${short}--${name}${'value' in option ? ` ${option.value}` : ''}`, option.help] as const
  })
  const width = Math.max(...names.map(([name]) => name.length))
  return ['Options', ...names.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)]
}
