/**
 * Renders the reference: a template with tables of what the declarations say.
 *
 *    <!-- table HandlerOptions -->          the members of a type, of several: <!-- table HandlerStats EraStats -->
 *    <!-- types Change LogMessage -->       declarations as they are, for types that tables name
 *    <!-- methods McpServer -->             the methods of a class, with what they throw
 *    <!-- classes McpError RpcError -->     what classes are for
 *    <!-- codes ErrorCode -->               the members of a constant, with their values
 *    <!-- local-errors -->, <!-- warnings --> the tables of string codes
 *
 * Not here: the text around the tables (../reference.md).
 */
import type { Node, Statement } from 'typescript/unstable/ast'
import { isHeritageClause } from 'typescript/unstable/ast/is'
import { WARNINGS } from '../../src/bounds/warning-codes.ts'
import { LOCAL_ERRORS } from '../../src/protocol/local-error-codes.ts'
import { spec } from '../../src/protocol/spec.ts'
import { membersOf, oneLine } from './api-listing.ts'
import type { Declaration, PublicApi } from './declarations.ts'

const DIRECTIVE = /^<!-- (table|types|methods|classes|codes|local-errors|warnings)((?: \w+)*) -->$/gm

interface Doc {
  /** All before the first tag, in one line. */
  readonly text: string
  readonly tags: readonly { readonly tag: string; readonly text: string }[]
}

/** @throws {Error} a name that is not exported, or something exported that is not documented */
export function renderReference(template: string, api: PublicApi): string {
  return template.replace(DIRECTIVE, (_, kind: string, list: string) => {
    const names = list.split(' ').filter((name) => name !== '')
    if (kind === 'local-errors') return codeTable(LOCAL_ERRORS)
    if (kind === 'warnings') return codeTable(WARNINGS)
    if (kind === 'types') return declarationBlock(names, api)
    if (kind === 'classes') {
      return table(
        ['Class', 'Meaning'],
        names.map((name) => [code(name), meaning(docOf(nodesOf(name, api)[0]), name)]),
      )
    }
    const members = names.flatMap((name) => allMembers(name, api).map((member) => ({ owner: name, member })))
    if (kind === 'codes') {
      return table(
        ['Code', 'Name', 'Meaning'],
        members.map(({ owner, member }) => {
          const { name, type } = partsOf(member)
          return [code(type), code(`${owner}.${name}`), docOf(member).text]
        }),
      )
    }
    if (kind === 'methods') {
      const methods = members.filter(({ member }) => /^\w+(<[\s\S]*?>)?\(/.test(member.getText()))
      return table(
        ['Method', 'Meaning'],
        methods
          .filter(({ member }) => !member.getText().startsWith('constructor'))
          .map(({ owner, member }) => [
            code(signature(member)),
            meaning(docOf(member), `${owner}.${partsOf(member).name}`),
          ]),
      )
    }
    // What iterates and what disposes is said in words.
    const named = members.filter(({ member }) => !/^(?:constructor\b|\[Symbol\.)/.test(member.getText()))
    return memberTable(named, literalUnions(api))
  })
}

/** Longest union of literals that stands in a table in place of its name. */
const MAX_UNION = 120

/** By their names: types that say nothing until their few values are known. */
function literalUnions({ exported, helpers }: PublicApi): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { name, nodes } of [...exported.values(), ...helpers]) {
    const [, union = ''] = /^type \w+ = ([^=]*)$/.exec(oneLine(nodes[0]?.getText() ?? '')) ?? []
    const isLiterals = /^\|? ?('[^']*')( \| '[^']*')+$/.test(union)
    if (isLiterals && union.length <= MAX_UNION) found.set(name, union.replace(/^\| /, ''))
  }
  return found
}

/** The type with such unions in place of their names. */
function withUnions(type: string, unions: ReadonlyMap<string, string>): string {
  return type.replace(/(?<![\w.'$])([A-Z]\w*)(\[\])?(?![\w'$])/g, (text, name: string, list = '') => {
    const union = unions.get(name)
    if (union === undefined) return text
    return list === '' ? union : `(${union})[]`
  })
}

function declarationBlock(names: readonly string[], api: PublicApi): string {
  const texts = names.flatMap((name) =>
    nodesOf(name, api).map((node) => {
      return node
        .getText()
        .replace(/^(?:export |declare )+/, '')
        .replace(/\breadonly /g, '')
        .replace(/(\w\?: .*|^ +\}(?:\[\])?) \| undefined;$/gm, '$1;')
        .replace(/;$/gm, '')
        .replace(/^ +/gm, (indent) => indent.slice(indent.length / 2))
    }),
  )
  return ['```ts', ...texts, '```'].join('\n')
}

function memberTable(
  members: readonly { readonly owner: string; readonly member: Node }[],
  unions: ReadonlyMap<string, string>,
): string {
  const rows = members.map(({ owner, member }) => {
    const { name, type: named } = partsOf(member)
    const type = withUnions(named, unions)
    const doc = docOf(member)
    const fallback = doc.tags.find(({ tag }) => tag === 'defaultValue')?.text ?? ''
    return [code(name), code(type), fallback, meaning(doc, `${owner}.${name}`)]
  })
  const hasDefaults = rows.some(([, , fallback]) => fallback !== '')
  return hasDefaults
    ? table(['Name', 'Type', 'Default', 'Meaning'], rows)
    : table(
        ['Name', 'Type', 'Meaning'],
        rows.map(([name = '', type = '', , text = '']) => [name, type, text]),
      )
}

/** Those of a base that is not exported belong to the type. */
function allMembers(name: string, api: PublicApi): Node[] {
  return nodesOf(name, api).flatMap((node) => {
    const { file } = api.exported.get(name) as Declaration
    const bases: Node[] = []
    node.forEachChild((part) => {
      if (!isHeritageClause(part)) return
      for (const base of api.referencesOf(part, file)) {
        if (!api.exported.has(base.name)) bases.push(...base.nodes.flatMap(membersOf))
      }
    })
    return [...bases, ...membersOf(node)]
  })
}

function nodesOf(name: string, { exported }: PublicApi): readonly Statement[] {
  const declaration = exported.get(name)
  if (declaration === undefined)
    throw new Error(`the reference names ${name}, which index.ts does not export`)
  return declaration.nodes
}

/** @throws {Error} there is none */
function meaning({ text, tags }: Doc, name: string): string {
  const sentences = tags.flatMap(({ tag, text }) => {
    if (tag === 'throws') return [`Throws ${text.replace(/^\{(.*?)\}/, (_, names) => `${code(names)}:`)}.`]
    if (tag === 'returns') return [`Returns ${text}.`]
    if (tag === 'param') return [`${text.replace(/^(\w+) - /, '`$1`: ')}.`]
    return []
  })
  const all = [text, ...sentences].filter((part) => part !== '').join(' ')
  if (all === '') throw new Error(`${name} has no comment that says what it is`)
  return all.replace(/\.\.(?=$| )/g, '.')
}

function docOf(node: Node | undefined): Doc {
  const leading = node === undefined ? '' : node.getFullText().slice(0, node.getStart() - node.getFullStart())
  const [comment = ''] = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(leading) ?? []
  const text = comment.replace(/^\s*\/\*\*|\*\/\s*$/g, '').replace(/^\s*\* ?/gm, '')
  const [first = '', ...rest] = text.split(/(?:^|(?<=\s))@(?=[a-z]+[A-Za-z]*\b)/)
  const tags = rest.map((part) => {
    const [, tag = '', words = ''] = /^(\w+)\s*([\s\S]*)$/.exec(part) ?? []
    return { tag, text: line(words) }
  })
  return { text: line(first), tags }
}

function line(text: string): string {
  return text
    .replace(/\{@link spec\.(\w+)\}/g, (_, name: keyof typeof spec) => `<${spec[name]}>`)
    .replace(/\{@link (\w[\w.]*)\}/g, '`$1`')
    .replace(/\{@link (\S+)\}/g, '<$1>')
    .replace(/\s+/g, ' ')
    .trim()
}

function partsOf(member: Node): { readonly name: string; readonly type: string } {
  const text = oneLine(member.getText())
  const [, name = text, optional, rest = ''] =
    /^(?:readonly |get |static )*([\w$]+|'[^']*')(\?)?(.*)$/.exec(text) ?? []
  const isGetter = /^(?:static )?get /.test(text)
  const type = rest.replaceAll('readonly ', '').replace(isGetter ? /^\(\): / : /^(?:: | = )/, '')
  return {
    name,
    type: optional === undefined ? type : type.replace(/ \| undefined$/, '').replace(/^\((.*)\)$/, '$1'),
  }
}

/** Without what types infer from. */
function signature(member: Node): string {
  return oneLine(member.getText()).replace(/^(\w+)<.*?>\(/, '$1(')
}

function codeTable(codes: Readonly<Record<string, string>>): string {
  return table(
    ['Code', 'Meaning'],
    Object.entries(codes).map(([name, text]) => [code(name), text]),
  )
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [
    head,
    head.map(() => '---'),
    ...rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|'))),
  ]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``
}
