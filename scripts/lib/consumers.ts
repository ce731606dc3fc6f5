/**
 * Compiles what users write (test/types/consumers/) against the package, under every combination of the compiler
 * options that change how its types are found or judged.
 *
 * The package is built and put into a temporary `node_modules`, so that it is found by its `exports` as anywhere else.
 * It lies there without npm, which would build into `dist` while another test packs it.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = ['app', 'inferred', 'libraries', 'modern-libraries'] as const
/** The libraries that these use, and the types of Node, by their first folder. */
const LIBRARIES = [
  '@ark',
  '@sinclair',
  '@standard-schema',
  '@types',
  '@valibot',
  'arktype',
  'arkregex',
].concat(...['typebox', 'undici-types', 'valibot', 'zod'])

/** TypeScript's own form of CommonJS, which `erasableSyntaxOnly` allows nowhere in this project. */
const REQUIRED = `
import barewire = require('barewire')
const { McpServer, createMcpHandler, serve }: typeof barewire = barewire
const server: barewire.McpServer = new McpServer({ name: 'required', version: '1.0.0' })
const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const
server.registerTool('a', { inputSchema: schema }, async ({ city }: barewire.FromSchema<typeof schema>) => city)
const options: barewire.HandlerOptions = { path: process.env['MCP_PATH'] }
module.exports = { serving: serve(server), handler: createMcpHandler(server, options) }
`
const PLAIN = `
const { McpServer, serve } = require('barewire')
const server = new McpServer({ name: 'plain', version: '1.0.0' })
server.registerTool('a', {}, (_args, ctx) => String(ctx.requestId))
// @ts-expect-error no such option: a package without types would let this pass
serve(server, { prot: 1 })
`

type Folder = 'esm' | 'cjs'

/** How modules are written and found. */
export interface ModuleKind {
  /** Folders whose files it can compile. Their `package.json` says what a `.ts` file is. */
  readonly folders: readonly Folder[]
  readonly module: string
  readonly moduleResolution: string
}

/** @param major - the version of TypeScript */
export function moduleKinds(major: number): readonly ModuleKind[] {
  const kinds: ModuleKind[] = [
    { folders: ['esm', 'cjs'], module: 'node16', moduleResolution: 'node16' },
    { folders: ['esm', 'cjs'], module: 'nodenext', moduleResolution: 'nodenext' },
    { folders: ['esm'], module: 'esnext', moduleResolution: 'bundler' },
    { folders: ['esm'], module: 'preserve', moduleResolution: 'bundler' },
  ]
  // TypeScript 7 knows it no more.
  if (major < 7) kinds.push({ folders: ['cjs'], module: 'commonjs', moduleResolution: 'node10' })
  return kinds
}

const BOTH = [true, false]
/** `exactOptionalPropertyTypes` needs `strict`. */
const FLAGS = BOTH.flatMap((strict) =>
  (strict ? BOTH : [false]).flatMap((exactOptionalPropertyTypes) =>
    BOTH.flatMap((noUncheckedIndexedAccess) =>
      BOTH.map((isolatedDeclarations) => ({
        strict,
        exactOptionalPropertyTypes,
        noUncheckedIndexedAccess,
        isolatedDeclarations,
      })),
    ),
  ),
)

type Flags = (typeof FLAGS)[number]

/** With the most and the least strict flags, the declarations of the package themselves are looked at. */
const checksPackage = (flags: Flags) => flags === FLAGS[0] || flags === FLAGS.at(-1)
/** Large libraries are left out where no flag concerns them. */
const hasLibraries = ({ noUncheckedIndexedAccess, isolatedDeclarations }: Flags) =>
  noUncheckedIndexedAccess && !isolatedDeclarations
const LIBRARY_FLAGS = FLAGS.filter(hasLibraries)

/** Of the flags with libraries one for each kind: how a module is found and how its types are judged do not meet. */
function isChosen(flags: Flags, major: number, { module }: ModuleKind): boolean {
  const index = moduleKinds(major).findIndex((kind) => kind.module === module)
  return checksPackage(flags) || flags === LIBRARY_FLAGS[index % LIBRARY_FLAGS.length]
}

/** The files of users, and the package that they use. */
export class Consumers {
  readonly home: string
  #count = 0

  private constructor(home: string) {
    this.home = home
  }

  /** Builds the package. @throws {Error} with the output of a build that failed */
  static async create(): Promise<Consumers> {
    const home = mkdtempSync(join(tmpdir(), 'barewire-consumers-'))
    const installed = join(home, 'node_modules', 'barewire')
    mkdirSync(installed, { recursive: true })
    copyFileSync(join(root, 'package.json'), join(installed, 'package.json'))
    const args = ['--import', 'tsx', join('scripts', 'build.ts'), join(installed, 'dist')]
    const { code, stdout, stderr } = await run(process.execPath, args, { cwd: root })
    if (code !== 0) throw new Error(`the package does not build:\n${stdout}${stderr}`)
    for (const name of LIBRARIES)
      symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name))
    for (const [folder, type] of [
      ['esm', 'module'],
      ['cjs', 'commonjs'],
    ] as const) {
      mkdirSync(join(home, folder))
      writeFileSync(join(home, folder, 'package.json'), JSON.stringify({ type }))
      for (const source of SOURCES) {
        const text = readFileSync(join(root, 'test', 'types', 'consumers', `${source}.ts`), 'utf8')
        writeFileSync(join(home, folder, `${source}.ts`), text.replace('../../../src/index.ts', 'barewire'))
      }
    }
    writeFileSync(join(home, 'cjs', 'required.cts'), REQUIRED)
    writeFileSync(join(home, 'cjs', 'plain.cjs'), PLAIN)
    return new Consumers(home)
  }

  /**
   * Compiles everything that a kind of modules allows, with each combination of flags.
   *
   * @param compiler - the path of `tsc`
   * @param major - its version
   * @param isQuick - only a choice of the combinations, with every library and every kind of modules in it
   * @returns what it complains of, with the flags
   */
  async compile(
    compiler: string,
    major: number,
    kind: ModuleKind,
    isQuick = false,
  ): Promise<readonly string[]> {
    const complaints: string[] = []
    for (const flags of FLAGS) {
      if (isQuick && !isChosen(flags, major, kind)) continue
      const { folders, ...modules } = kind
      const skipLibCheck = !checksPackage(flags)
      const compilerOptions = {
        ...flags,
        ...modules,
        declaration: true,
        noEmit: true,
        // It does not go with isolatedDeclarations.
        checkJs: !flags.isolatedDeclarations,
        target: 'es2022',
        types: ['node'],
        esModuleInterop: true,
        skipLibCheck,
        // The types of browsers take longer to read than all others.
        ...(skipLibCheck && { lib: ['es2022'] }),
        ...(major === 6 && modules.moduleResolution === 'node10' && { ignoreDeprecations: '6.0' }),
      }
      const files = folders.flatMap((folder) => filesOf(folder, flags))
      // Beside the folders, since those decide what a `.ts` file is.
      const project = join(this.home, `tsconfig.${++this.#count}.json`)
      writeFileSync(project, JSON.stringify({ compilerOptions, files }))
      const { code, stdout, stderr } = await run(process.execPath, [compiler, '-p', project], {
        cwd: this.home,
      })
      if (code !== 0) complaints.push(`${JSON.stringify({ ...kind, ...flags })}:\n${stdout}${stderr}`)
    }
    return complaints
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

function filesOf(folder: Folder, flags: Flags): string[] {
  const { strict, isolatedDeclarations } = flags
  const names = ['app.ts']
  if (!isolatedDeclarations) names.push('inferred.ts')
  if (folder === 'cjs') names.push('required.cts', ...(isolatedDeclarations ? [] : ['plain.cjs']))
  if (hasLibraries(flags)) {
    names.push('libraries.ts')
    if (folder === 'esm' && strict) names.push('modern-libraries.ts')
  }
  return names.map((name) => join(folder, name))
}
