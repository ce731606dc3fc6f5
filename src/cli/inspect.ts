/** `inspect`: who a server is, and everything that it offers, as a person likes to read it. */

import { isObject } from '../bounds/is-object.ts'
import type { Client, Listing, Tool } from '../client/index.ts'
import { describeAuth, readAuthInfo } from './auth-info.ts'
import { argumentsOf } from './commands.ts'
import type { Opened } from './open.ts'
import { oneLine, type Terminal, table, widthOf } from './terminal.ts'

interface Named {
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/** A longer name pushes its description aside. */
const NAME_WIDTH = 30

/** Members of a list, where the server offers it. */
async function all<T>(offered: unknown, list: () => Listing<T>): Promise<T[]> {
  return offered === undefined ? [] : await list().toArray()
}

export async function inspect(
  { client, target, isAuthorized }: Opened,
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  const { serverCapabilities: offers, serverInfo, instructions, era, revision } = client
  const { signal } = terminal.surroundings
  const [auth, tools, resources, resourceTemplates, prompts] = await Promise.all([
    isAuthorized === undefined ? undefined : readAuthInfo(target, isAuthorized),
    all(offers.tools, () => client.tools({ signal })),
    all(offers.resources, () => client.resources({ signal })),
    all(offers.resources, () => client.resourceTemplates({ signal })),
    all(offers.prompts, () => client.prompts({ signal })),
  ])
  if (json) {
    const server = { target, era, revision, info: serverInfo, instructions, capabilities: offers, auth }
    terminal.printJson({ server, tools, resources, resourceTemplates, prompts }, 2)
    return
  }
  const { columns } = terminal
  const lines = (rows: readonly (readonly string[])[]) => {
    for (const line of table(rows, columns)) terminal.print(line)
  }
  /** Names and what they are for in two columns, each with what it takes below it. */
  const showNamed = <T extends Named>(items: readonly T[], takes: (item: T) => string[][]) => {
    const heads = items.map((each) => {
      return [terminal.style('cyan', oneLine(each.name)), oneLine(each.description ?? each.title ?? '')]
    })
    const width = Math.max(
      0,
      ...heads.map(([head = '']) => widthOf(head)).filter((each) => each <= NAME_WIDTH),
    )
    for (const [at, item] of items.entries()) {
      const [head = '', text = ''] = heads[at] ?? []
      const padded = head + ' '.repeat(Math.max(0, width - widthOf(head)))
      for (const line of table([[padded, text]], columns)) terminal.print(line)
      for (const line of table(takes(item), columns, 6)) terminal.print(line)
    }
  }
  const heading = (name: string, count: number) =>
    terminal.print(`\n${terminal.style('bold', name)} (${count})`)
  const name = oneLine(serverInfo?.title ?? serverInfo?.name ?? 'a server without a name')
  terminal.print(`${terminal.style('bold', name)} ${oneLine(serverInfo?.version ?? '')}`.trimEnd())
  lines([
    ['address', target],
    ['protocol', `${revision}, ${era === 'session' ? 'with sessions' : 'without sessions'}`],
    ...(auth === undefined ? [] : [['auth', describeAuth(auth)]]),
    ['offers', describeOffers(offers)],
    ...(instructions === undefined ? [] : [['says', oneLine(instructions)]]),
  ])
  if (tools.length > 0) heading('Tools', tools.length)
  showNamed(tools, parameters)
  const places = [
    ['Resources', resources.map((each) => [each.uri, each] as const)],
    ['Resource templates', resourceTemplates.map((each) => [each.uriTemplate, each] as const)],
  ] as const
  for (const [title, items] of places) {
    if (items.length > 0) heading(title, items.length)
    lines(
      items.map(([where, { mimeType = '', title: shown, name: own }]) =>
        [where, mimeType, shown ?? own].map(oneLine),
      ),
    )
  }
  if (prompts.length > 0) heading('Prompts', prompts.length)
  showNamed(prompts, (prompt) =>
    argumentsOf(prompt).map(({ name: own, required, description }) => [
      oneLine(own),
      required === true ? 'needed' : '',
      oneLine(description),
    ]),
  )
}

function describeOffers(offers: Client['serverCapabilities']): string {
  const names = Object.entries(offers).flatMap(([name, value]) => {
    if (name === 'extensions' && isObject(value)) return Object.keys(value)
    const more = isObject(value) ? Object.keys(value).filter((key) => value[key] === true) : []
    return [more.length > 0 ? `${name} (${more.join(', ')})` : name]
  })
  return oneLine(names.join(', ')) || 'nothing'
}

/** Name, type, whether it is needed, and what it means. */
function parameters({ inputSchema }: Tool): string[][] {
  const { properties, required } = isObject(inputSchema) ? inputSchema : {}
  if (!isObject(properties)) return []
  return Object.entries(properties).map(([name, schema]) => {
    const { description = '', default: fallback } = isObject(schema) ? schema : {}
    const usual = fallback === undefined ? '' : ` [${JSON.stringify(fallback)}]`
    const needed = Array.isArray(required) && required.includes(name) ? 'needed' : ''
    return [oneLine(name), oneLine(typeOf(schema)), needed, `${oneLine(description)}${oneLine(usual)}`.trim()]
  })
}

function typeOf(schema: unknown): string {
  if (!isObject(schema)) return 'anything'
  const { type, enum: choices, const: only, items } = schema
  if (Array.isArray(choices))
    return choices
      .map((choice) => JSON.stringify(choice))
      .join(' | ')
      .slice(0, 40)
  if (only !== undefined) return JSON.stringify(only)
  if (type === 'array') return `${typeOf(items)}[]`
  const types = (Array.isArray(type) ? type : [type]).filter((each) => typeof each === 'string')
  return types.join(' | ') || 'anything'
}
