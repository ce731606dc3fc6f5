/**
 * What the built package loads when it is first used, in place of at its start: most servers never need it, and V8 reads
 * every character of a module before the first request can come (bench: start).
 *
 *    src       import { explain } from './explain/explain.ts'            as everywhere
 *    core.cjs  var import_lazy_schema_errors = { get explain() { … } }   the getter loads the part, and puts what it
 *                                                                        exports in the place of this object
 *    lazy-schema-errors.cjs                                              the module, and what nothing else imports
 *
 * So a use costs the same as one of any other module once the part is loaded. When it cannot be loaded, the use throws,
 * and the next use tries again.
 *
 * A module fits when nothing of it is used while the package loads: no class of it is extended, none of its constants
 * read, and no entry exports it again (`findEarlyParts` says what does not fit). Its first use has to be where an error
 * is answered: not in a timer or an event listener of ours, where it would end the process, and not within a time limit.
 * Not here: how the files are written (bundle.ts), which shared code goes where (pieces.ts).
 */
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

export interface LazyPart {
  /** Its file is `lazy-` and this. */
  readonly name: string
  /** The first use that loads it. */
  readonly when: string
  /** Below `src/`: those whose imports load the part. */
  readonly modules: readonly string[]
}

export const LAZY_PARTS: readonly LazyPart[] = [
  {
    name: 'schema-errors',
    when: 'a value does not match its schema: says what is wrong with it, after the check and its time limit',
    modules: ['json-schema/explain/explain.ts'],
  },
  {
    name: 'patterns',
    when: 'a schema is registered with a pattern that has groups or several repetitions',
    modules: ['json-schema/check/pattern/plan.ts'],
  },
  {
    name: 'formats',
    when: 'a handler asks the user for a value with a format: arguments of tools are not checked for theirs',
    modules: ['json-schema/formats/formats.ts'],
  },
  {
    name: 'metaschema',
    when: 'a schema that is registered refers to a document that it does not contain',
    modules: ['json-schema/read/metaschema.ts'],
  },
  {
    name: 'uri-templates',
    when: 'a resource template is registered, or a URI is read',
    modules: ['features/uri-template.ts'],
  },
  {
    name: 'client-input',
    when: 'a handler asks the client for something',
    modules: [
      'dispatch/client-input/elicitation-params.ts',
      'dispatch/client-input/input-requests.ts',
      'dispatch/client-input/sampling-params.ts',
    ],
  },
  {
    name: 'tasks',
    when: 'a call becomes a task',
    modules: ['features/tasks/running-task.ts', 'session-era/session-task.ts'],
  },
  {
    name: 'nodes',
    when: 'a handler is made with the option store',
    modules: [
      'dispatch/shared-keys.ts',
      'features/tasks/task-nodes.ts',
      'session-era/http/shared-streams.ts',
      'session-era/nodes/nodes.ts',
      'store/node-channel.ts',
    ],
  },
  {
    name: 'zlib',
    when: 'a session is opened or found by a sealed id (sessions.keys)',
    modules: ['node-zlib.ts'],
  },
  {
    name: 'http-sse',
    when: 'a handler is made with the option httpSse',
    modules: ['session-era/http-sse/endpoint.ts'],
  },
  {
    name: 'get',
    when: 'a client with a session opens a stream or ends its session',
    modules: ['session-era/http/get.ts'],
  },
]

const PREFIX = 'lazy-'
const root = fileURLToPath(new URL('../..', import.meta.url))

/** The file of a part, without ending. */
export function fileOfPart({ name }: LazyPart): string {
  return PREFIX + name
}

/** Gives the entry `lazy-NAME` what the modules of the part export, and leaves their imports elsewhere as imports of that file. */
export function lazyPlugin(parts: readonly LazyPart[], folder = join(root, 'src')): Plugin {
  const partOf = new Map(parts.flatMap((part) => part.modules.map((path) => [resolve(folder, path), part])))
  const byFile = new Map(parts.map((part) => [fileOfPart(part), part]))
  return {
    name: 'lazy-parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /./ }, ({ path, kind, namespace, resolveDir, importer }) => {
        if (kind === 'entry-point') return byFile.has(path) ? { path, namespace: 'lazy' } : undefined
        if (namespace === 'lazy') return undefined
        const part = partOf.get(resolve(resolveDir, path))
        if (part === undefined || partOf.get(importer) === part) return undefined
        return { path: `./${fileOfPart(part)}.js`, external: true }
      })
      onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => {
        const modules = byFile.get(path)?.modules ?? []
        const paths = modules.map((module) => JSON.stringify(resolve(folder, module)))
        return { contents: paths.map((module) => `export * from ${module}`).join('\n'), resolveDir: folder }
      })
    },
  }
}

/**
 * Puts an object that loads a part on the first use in the place of each import of one.
 *
 * @param code - CommonJS as esbuild writes it
 */
export function withLazyImports(code: string): string {
  return code.replace(
    /^var (import_lazy_\w+) = (require\("\.\/lazy-[\w-]+\.cjs"\));$/gm,
    (_whole, name, load) => {
      const uses = code.matchAll(new RegExp(`\\b${name}\\.([\\w$]+)`, 'g'))
      const members = new Set([...uses].map(([, member = '']) => member))
      return `var ${name} = { ${[...members].map((member) => `get ${member}() { return (${name} = ${load}).${member}; }`).join(', ')} };`
    },
  )
}

/** Loads entries to see which parts come with them. @returns one sentence for each; empty when all fit */
export function findEarlyParts(dist: string, entries: readonly string[]): string[] {
  const require = createRequire(join(dist, 'index.cjs'))
  for (const entry of entries) require(`./${entry}.cjs`)
  return LAZY_PARTS.filter((part) => require.resolve(`./${fileOfPart(part)}.cjs`) in require.cache).map(
    (part) =>
      `${fileOfPart(part)}.cjs is loaded with the package, expected later: ${part.when}. Something uses ${part.modules.join(' or ')} while it loads`,
  )
}
