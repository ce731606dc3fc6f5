/**
 * The declarations of the package as one file: what the compiler writes for src/, reduced to what somebody who imports
 * `barewire` can name or meets in a signature.
 *
 * Members marked `@internal` are left out by the compiler (`stripInternal`). Whole declarations need no mark: those
 * that nothing public leads to are not taken over.
 *
 * Names are followed through imports by their text, without the checker. Not here: the listing and the reference that
 * are made of it (api-listing.ts, reference.ts).
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Node, type SourceFile, type Statement, SyntaxKind } from 'typescript/unstable/ast'
import {
  isExportDeclaration,
  isExpressionWithTypeArguments,
  isIdentifier,
  isImportDeclaration,
  isNamedExports,
  isNamedImports,
  isQualifiedName,
  isStringLiteral,
  isTypeQueryNode,
  isTypeReferenceNode,
  isVariableStatement,
} from 'typescript/unstable/ast/is'
import { createVirtualFileSystem } from 'typescript/unstable/fs'
import { API } from 'typescript/unstable/sync'
import { spec } from '../../src/protocol/spec.ts'
import { ENTRIES } from './entries.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The core, as the declarations of the other entries import it. */
const CORE = './index.cjs'

/** A named top-level statement; the overloads of a function are one. */
export interface Declaration {
  readonly name: string
  /** Relative to src, such as `features/server.d.ts`. */
  readonly file: string
  readonly nodes: Statement[]
}

/** A name of a module that is not ours. */
interface External {
  readonly module: string
  readonly name: string
}

interface FileContents {
  readonly source: SourceFile
  readonly own: ReadonlyMap<string, Declaration>
  /** What is imported, or exported again, by its name here. */
  readonly links: ReadonlyMap<string, External>
}

export interface PublicApi {
  /** By the name that `index.ts` gives it, in its order. */
  readonly exported: ReadonlyMap<string, Declaration>
  /** Exported as types only: classes that a user gets and does not make. */
  readonly typeOnly: ReadonlySet<string>
  /** Exported by the core too, of which they are the same. */
  readonly ofCore: ReadonlySet<string>
  /** What these lead to and a user cannot name, in order of discovery. */
  readonly helpers: readonly Declaration[]
  /** What the names in a declaration stand for, without those of Node and of the language. */
  referencesOf(node: Node, file: string): ReadonlySet<Declaration>
  /** The one file. */
  readonly text: string
}

/**
 * Lets the compiler write the declarations of src/ and reads them.
 *
 * @returns by the output of the entry
 * @throws {Error} with what the compiler says, when it fails; two declarations of one name
 */
export function readPublicApis(): ReadonlyMap<string, PublicApi> {
  const texts = declarationTexts()
  const apis = new Map<string, PublicApi>()
  for (const { source, output } of ENTRIES) {
    const [core] = apis.values()
    apis.set(output, publicApiOf(texts, source.replace(/\.ts$/, '.d.ts'), core))
  }
  return apis
}

let compiled: Readonly<Record<string, string>> | undefined

/**
 * What the compiler writes for src/, by the path below it; imports in it end in `.ts`.
 *
 * @throws {Error} with what the compiler says, when it fails
 */
export function declarationTexts(): Readonly<Record<string, string>> {
  compiled ??= compileDeclarations()
  return compiled
}

function compileDeclarations(): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'barewire-declarations-'))
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', folder]
    const { status, stdout, error } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw error ?? new Error(stdout)
    const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) =>
      name.endsWith('.d.ts'),
    )
    return Object.fromEntries(
      names.map((name) => [name.replaceAll('\\', '/'), readFileSync(join(folder, name), 'utf8')]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * What all entries export, as one: for documents.
 *
 * @throws {Error} a table of it could be that of another type of its name
 */
export function mergeApis(apis: ReadonlyMap<string, PublicApi>): PublicApi {
  const [core] = apis.values()
  if (core === undefined) throw new Error('there is no entry')
  const all = [...apis.values()]
  // Of functions and of what the core has, the first is meant.
  const files = new Map<string, string>()
  for (const { exported } of all) {
    for (const { name, file, nodes } of exported.values()) {
      const isType = /^(?:export )?(?:declare )?interface /.test(nodes[0]?.getText() ?? '')
      if (!isType || core.exported.has(name)) continue
      if ((files.get(name) ?? file) !== file) throw new Error(`two entries export different types ${name}`)
      files.set(name, file)
    }
  }
  return {
    ...core,
    exported: new Map(all.reverse().flatMap(({ exported }) => [...exported])),
    typeOnly: new Set(all.flatMap(({ typeOnly }) => [...typeOnly])),
    helpers: all.flatMap(({ helpers }) => helpers),
  }
}

/**
 * @param texts - declaration files by their path, with imports that end in `.ts`
 * @param entry - the one that says what is exported
 * @param core - what it exports is imported from it, so that a type is one and the same in all entries
 */
export function publicApiOf(
  texts: Readonly<Record<string, string>>,
  entry = 'index.d.ts',
  core?: PublicApi,
): PublicApi {
  const files = filesOf(texts)
  const index = files.get(entry)
  if (index === undefined) throw new Error(`there is no ${entry}`)
  const isOfCore = ({ name, file }: Declaration) => core?.exported.get(name)?.file === file

  const find = (name: string, file: string): Declaration | External | undefined => {
    const contents = files.get(file)
    const own = contents?.own.get(name)
    if (own !== undefined) return own
    const link = contents?.links.get(name)
    if (link === undefined || !link.module.startsWith('.')) return link
    const target = posix.join(posix.dirname(file), link.module.replace(/\.ts$/, '.d.ts'))
    const found = find(link.name, target)
    if (found === undefined) throw new Error(`${file} imports ${link.name} of ${target}, which is not there`)
    return found
  }
  const referencesOf = (node: Node, file: string) => {
    const found = new Set<Declaration>()
    for (const name of typeNamesIn(node)) {
      const declaration = find(name, file)
      if (declaration !== undefined && 'nodes' in declaration) found.add(declaration)
    }
    return found
  }

  const exported = new Map<string, Declaration>()
  const typeOnly = new Set<string>()
  for (const statement of index.source.statements) {
    if (!isExportDeclaration(statement) || statement.exportClause === undefined) {
      throw new Error(`${entry} must hold named exports only; got ${statement.getText()}`)
    }
    if (!isNamedExports(statement.exportClause)) throw new Error(`${entry} exports a namespace`)
    for (const specifier of statement.exportClause.elements) {
      const name = specifier.name.text
      const declaration = find(name, entry)
      if (declaration === undefined || !('nodes' in declaration)) throw new Error(`${name} is not ours`)
      if (declaration.name !== name) throw new Error(`${declaration.name} is exported as ${name}`)
      exported.set(name, declaration)
      if (statement.isTypeOnly || specifier.isTypeOnly) typeOnly.add(name)
    }
  }

  const reached = new Set(exported.values())
  const externals = new Map<string, Set<string>>()
  for (const declaration of reached) {
    const { nodes, file, name } = declaration
    if (isOfCore(declaration)) {
      externals.set(CORE, (externals.get(CORE) ?? new Set()).add(name))
      continue
    }
    for (const node of nodes) {
      for (const declaration of referencesOf(node, file)) reached.add(declaration)
      for (const name of typeNamesIn(node)) {
        const external = find(name, file)
        if (external === undefined || 'nodes' in external) continue
        if (external.name !== name) throw new Error(`${external.name} is imported as ${name}`)
        externals.set(external.module, (externals.get(external.module) ?? new Set()).add(name))
      }
    }
  }
  const own = (declaration: Declaration) => !isOfCore(declaration)
  const helpers = [...reached].filter((each) => !exported.has(each.name) && own(each))
  const names = new Set<string>()
  for (const { name, file } of [...reached].filter(own)) {
    if (names.has(name)) throw new Error(`two declarations have the name ${name}; one is in ${file}`)
    names.add(name)
  }

  const imports = [...externals].sort().map(([module, names]) => {
    return `import ${module === CORE ? '' : 'type '}{ ${[...names].sort().join(', ')} } from '${module}';`
  })
  const statements = [...exported.values()].filter(own).flatMap(({ nodes }) => nodes.map(withComments))
  const bare = helpers.flatMap(({ nodes }) => nodes.map(withoutComments))
  const list = [...exported.keys()].map((name) => (typeOnly.has(name) ? `type ${name}` : name))
  const ofCore = new Set([...exported.values()].filter(isOfCore).map(({ name }) => name))
  const text = [...imports, ...statements, ...bare, `export { ${list.join(', ')} };`, ''].join('\n')
  return { exported, typeOnly, ofCore, helpers, referencesOf, text }
}

const read = new WeakMap<object, Map<string, FileContents>>()

function filesOf(texts: Readonly<Record<string, string>>): Map<string, FileContents> {
  const files = read.get(texts) ?? readFiles(texts)
  read.set(texts, files)
  return files
}

function readFiles(texts: Readonly<Record<string, string>>): Map<string, FileContents> {
  const paths = Object.keys(texts)
  const rooted = Object.fromEntries(paths.map((path) => [`/api/${path}`, texts[path] ?? '']))
  const api = new API({ fs: createVirtualFileSystem(rooted) })
  try {
    const snapshot = api.updateSnapshot({ openFiles: Object.keys(rooted) })
    return new Map(
      paths.map((path) => {
        const source = snapshot
          .getDefaultProjectForFile(`/api/${path}`)
          ?.program.getSourceFile(`/api/${path}`)
        if (source === undefined) throw new Error(`${path} cannot be read`)
        return [path, contentsOf(source, path)]
      }),
    )
  } finally {
    api.close()
  }
}

function contentsOf(source: SourceFile, file: string): FileContents {
  const own = new Map<string, Declaration>()
  const links = new Map<string, External>()
  for (const statement of source.statements) {
    if (isImportDeclaration(statement) || isExportDeclaration(statement)) {
      const clause = isImportDeclaration(statement)
        ? statement.importClause?.namedBindings
        : statement.exportClause
      const specifier = statement.moduleSpecifier
      if (clause === undefined || specifier === undefined || !isStringLiteral(specifier)) continue
      if (!isNamedImports(clause) && !isNamedExports(clause)) {
        throw new Error(`${file}: only named imports can be followed; got ${statement.getText()}`)
      }
      for (const { name, propertyName } of clause.elements) {
        links.set(name.text, { module: specifier.text, name: (propertyName ?? name).text })
      }
      continue
    }
    for (const name of namesOf(statement)) {
      const declaration = own.get(name) ?? { name, file, nodes: [] }
      declaration.nodes.push(statement)
      own.set(name, declaration)
    }
  }
  return { source, own, links }
}

function namesOf(statement: Statement): string[] {
  if (isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText())
  }
  const { name } = statement as Statement & { readonly name?: Node }
  return name !== undefined && isIdentifier(name) ? [name.text] : []
}

/** The names that stand for a type or, in `typeof x` and `extends X`, for a value. */
function typeNamesIn(node: Node): Set<string> {
  const names = new Set<string>()
  const visit = (part: Node): void => {
    if (part.kind === SyntaxKind.ImportType)
      throw new Error(`import types are not followed: ${part.getText()}`)
    let name: Node | undefined
    if (isTypeReferenceNode(part)) name = part.typeName
    else if (isTypeQueryNode(part)) name = part.exprName
    else if (isExpressionWithTypeArguments(part)) name = part.expression
    while (name !== undefined && isQualifiedName(name)) name = name.left
    if (name !== undefined && isIdentifier(name)) names.add(name.text)
    part.forEachChild(visit)
  }
  visit(node)
  return names
}

function withComments(statement: Statement): string {
  const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(
    statement.getFullText().slice(0, statement.getStart() - statement.getFullStart()),
  )
  const text = (comment?.[0] ?? '') + statement.getText()
  // The names of specifications are ours; their addresses are for everybody.
  return unexported(
    text.replace(/\{@link spec\.(\w+)\}/g, (_, name: keyof typeof spec) => `{@link ${spec[name]}}`),
  )
}

function withoutComments(statement: Statement): string {
  return unexported(statement.getText().replace(/^[ \t]*\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n/gm, ''))
}

/** Without `export`, and with tabs in place of the spaces that are a sixth of what the compiler writes. */
function unexported(text: string): string {
  return text
    .replace(/^export (declare )?/m, (_, declare) => declare ?? '')
    .replace(/^(?: {4})+/gm, (spaces) => '\t'.repeat(spaces.length / 4))
}
