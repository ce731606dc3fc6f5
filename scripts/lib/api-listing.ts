/**
 * The public API as text: a line for each exported name, and for each member of it with its signature.
 *
 * It is committed, and a test compares, so that a change of the API is seen where it is made.
 */
import type { Node, Statement } from 'typescript/unstable/ast'
import {
  isClassDeclaration,
  isFunctionTypeNode,
  isHeritageClause,
  isInterfaceDeclaration,
  isTypeAliasDeclaration,
  isTypeLiteralNode,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import type { Declaration, PublicApi } from './declarations.ts'
import { ENTRIES } from './entries.ts'

const MODIFIERS = /^(?:(?:static|readonly|get|set|new) )*(?=[\w'$[<(])/

/** The listings of all entries, one after the other. */
export function listApis(apis: ReadonlyMap<string, PublicApi>): string {
  return ENTRIES.map(({ path, output, anywhere }) => {
    const api = apis.get(output)
    if (api === undefined) throw new Error(`there is no API of ${output}`)
    const head = path === '.' ? '' : `\n## barewire${path.slice(1)}\n\n`
    return head + listApi(api, !anywhere)
  }).join('')
}

/**
 * @param shares - what it has of the core is the same, and listed there
 * @returns lines in order of names; at the end the names of the helpers
 */
export function listApi(api: PublicApi, shares = true): string {
  const names = [...api.exported.keys()].sort()
  const lines = names.flatMap((name) => {
    if (shares && api.ofCore.has(name)) return [`${name}, of barewire`]
    const { nodes } = api.exported.get(name) as Declaration
    return nodes.flatMap((node) => linesOf(node, name, api.typeOnly.has(name)))
  })
  const helpers = api.helpers.map(({ name }) => `not exported: ${name}`).sort()
  return [...lines, '', ...helpers, ''].join('\n')
}

/**
 * Finds what a user meets in a signature or in `@throws` and cannot name. A name that is not exported may stand in a heritage clause,
 * whose members are seen anyway, and in what a generic type computes.
 *
 * @param core - what can be named too, with an import of the core
 * @returns one sentence for each
 */
export function findUnnamable(api: PublicApi, core: PublicApi = api): string[] {
  const { exported, ofCore, referencesOf, text } = api
  const isNamable = (name: string) => exported.has(name) || core.exported.has(name)
  const faults: string[] = []
  for (const [, names = ''] of text.matchAll(/@throws \{(.*?)\}/g)) {
    for (const name of names.split(/\s*\|\s*/)) {
      if (isNamable(name) || name in globalThis) continue
      faults.push(`@throws names ${name}, which index.ts does not export`)
    }
  }
  for (const { name, file, nodes } of exported.values()) {
    if (ofCore.has(name)) continue
    for (const part of nodes.flatMap(signaturesOf)) {
      for (const reference of referencesOf(part, file)) {
        if (isNamable(reference.name)) continue
        faults.push(`${name} shows ${reference.name} (${reference.file}), which index.ts does not export`)
      }
    }
  }
  return faults
}

/** The members of a declaration that an editor shows as such. */
export function membersOf(node: Statement): readonly Node[] {
  if (isClassDeclaration(node) || isInterfaceDeclaration(node)) {
    return node.members.filter((member) => !member.getText().startsWith('#'))
  }
  if (!isVariableStatement(node)) return []
  return node.declarationList.declarations.flatMap(({ type }) =>
    type !== undefined && isTypeLiteralNode(type) ? [...type.members] : [],
  )
}

/** The text of a node in one line, without comments. */
export function oneLine(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/^export |^declare |;$/g, '')
    .replace(/^declare /, '')
    .trim()
}

function linesOf(node: Statement, name: string, typeOnly: boolean): string[] {
  const members = membersOf(node)
  const text = node.getText()
  const isClass = isClassDeclaration(node)
  if (members.length === 0 && !isClass && !isInterfaceDeclaration(node)) return [oneLine(text)]
  const start = node.getStart()
  const open = isVariableStatement(node)
    ? `const ${name}`
    : text.slice(0, (members[0]?.pos ?? node.end) - start)
  const head = oneLine(open).replace(/ \{(?: #private;?)?(?: \})?$/, '')
  return [
    typeOnly && isClass ? `${head} (type only)` : head,
    ...members.map((member) => `  ${oneLine(member.getText()).replace(MODIFIERS, `$&${name}.`)}`),
  ]
}

function signaturesOf(node: Statement): Node[] {
  if (!isTypeAliasDeclaration(node)) {
    const parts: Node[] = []
    node.forEachChild((part) => {
      if (!isHeritageClause(part)) parts.push(part)
    })
    return parts
  }
  return node.typeParameters === undefined || isFunctionTypeNode(node.type) ? [node] : []
}
