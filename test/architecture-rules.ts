/**
 * The rules of the source tree, as functions from a file's path and text to what is wrong with it.
 *
 *    {protocol, bounds} <- {jsonrpc, sse, json-schema} <- {http, store} <- {dispatch, node-http, web-http} <- features
 *             <- {session-era | stateless-era} <- {session-era/http | stateless-era/http}
 *             <- {select-era, options, page} <- eras <- entrance <- handler <- serve <- index          (a <- b: b may import a)
 *
 * Folders in one pair of braces do not import each other. `auth`, `client`, `sdk`, `redis` and `store-contract` are
 * export paths of their own: nothing imports them but their users.
 *
 * Input is text, so that the test can hold each rule against sources made up to break it. Imports are found line
 * by line, which is safe because the formatter puts each on lines of its own.
 */

/** One source file: its path below `src/`, with `/` between the parts, and its text. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** A rule gives one sentence for each fault in a file. */
export type Rule = (source: Source) => string[]

const FACTS = ['protocol', 'bounds']
const CODECS = [...FACTS, 'jsonrpc', 'sse', 'json-schema']
const ERA_BLIND = [...CODECS, 'http', 'dispatch', 'store', 'features']
/** What a lifecycle sees, whatever carries its messages: no event streams, and of `http` the headers of a request. */
const OF_LIFECYCLE = ERA_BLIND.filter((layer) => layer !== 'sse')
const LIFECYCLES = [...ERA_BLIND, 'session-era', 'stateless-era']
const ERAS = [...LIFECYCLES, 'session-era/http', 'session-era/http-sse', 'stateless-era/http']
/** Folders inside of an era that are layers of their own: the transports of its lifecycle. */
const TRANSPORTS: ReadonlySet<string | undefined> = new Set(['http', 'http-sse', 'stdio'])

/** Layer -> the other layers it may import. A folder is a layer, and so is each file directly in `src/`. */
const MAY_IMPORT = new Map<string, readonly string[]>([
  ['protocol', []],
  ['bounds', []],
  ['jsonrpc', FACTS],
  ['sse', FACTS],
  ['json-schema', FACTS],
  ['http', CODECS],
  ['web-http', [...CODECS, 'http']],
  ['stdio', [...CODECS, 'http']],
  ['node-zlib.ts', []],
  ['node-modules.ts', ['bounds', 'node-zlib.ts']],
  ['node-http', [...CODECS, 'http']],
  ['dispatch', [...CODECS, 'http', 'store']],
  ['store', CODECS],
  // A feature does not know that HTTP exists, so `http` is missing here.
  ['features', [...CODECS, 'dispatch', 'store']],
  // A lifecycle knows no transport.
  ['session-era', ERA_BLIND],
  ['stateless-era', OF_LIFECYCLE],
  ['session-era/http', [...ERA_BLIND, 'session-era']],
  ['stateless-era/http', [...ERA_BLIND, 'stateless-era']],
  ['session-era/http-sse', [...ERA_BLIND, 'session-era']],
  ['session-era/stdio', [...ERA_BLIND, 'session-era', 'stdio']],
  ['stateless-era/stdio', [...ERA_BLIND, 'stateless-era', 'stdio']],
  ['select-era.ts', LIFECYCLES],
  // Settings of both eras in one table; it knows their types only.
  ['options.ts', [...LIFECYCLES, 'node-http', 'select-era.ts']],
  ['page.ts', ['bounds', 'features']],
  ['eras.ts', [...ERAS, 'select-era.ts', 'options.ts']],
  ['entrance.ts', [...ERAS, 'eras.ts', 'options.ts', 'page.ts']],
  ['handler.ts', [...ERAS, 'node-http', 'node-modules.ts', 'entrance.ts', 'eras.ts', 'options.ts']],
  ['serve.ts', [...ERAS, 'node-http', 'entrance.ts', 'handler.ts', 'options.ts']],
  [
    'serve-stdio.ts',
    [...LIFECYCLES, 'session-era/stdio', 'stateless-era/stdio', 'stdio', 'select-era.ts', 'options.ts'],
  ],
  ['stdio.ts', ['serve-stdio.ts']],
  ['fetch-handler.ts', [...ERAS, 'web-http', 'entrance.ts', 'options.ts']],
  ['fetch.ts', [...ERAS, 'web-http', 'fetch-handler.ts']],
  ['auth', [...CODECS, 'http']],
  [
    'index.ts',
    [...ERAS, 'node-http', 'select-era.ts', 'eras.ts', 'entrance.ts', 'handler.ts', 'serve.ts', 'options.ts'],
  ],
  ['auth', [...CODECS, 'http']],
  // Programs written for the official SDK: it uses all that others use, and nothing uses it.
  [
    'sdk',
    [...ERAS, 'node-http', 'web-http', 'client', 'entrance.ts', 'handler.ts', 'options.ts', 'serve-stdio.ts'],
  ],
  ['client', CODECS],
  ['cli', [...CODECS, 'client']],
  ['redis', [...CODECS, 'store']],
  ['store-contract', [...CODECS, 'store']],
  ['memory-store.ts', ['store']],
])

const KNOWS_BOTH_ERAS: ReadonlySet<string> = new Set([
  'select-era.ts',
  'eras.ts',
  'options.ts',
  'serve-stdio.ts',
])
const NETWORK = /^node:(http|https|http2|net|tls)$/
/** What may know that there are sockets; index.ts for its types. */
const CARRIERS: ReadonlySet<string> = new Set(['node-http', 'serve.ts', 'index.ts', 'sdk'])
/** Of the client, which runs anywhere, these are for Node alone, and nothing else imports them. */
const CLIENT_ON_NODE: ReadonlySet<string> = new Set([
  'client/stdio.ts',
  'client/stdio-channel.ts',
  'client/oauth/loopback.ts',
  'client/loopback.ts',
  'client/node-fetch.ts',
  'client/http.ts',
])
const FREE_OF_CARRIERS: ReadonlySet<string> = new Set(['session-era', 'stateless-era'])
/** What only HTTP has, and a lifecycle does not name. */
const CARRIER_NAME = /\b(?:HttpExchange|EventSink|Rejection|PostResponse)\b/g
const METHOD_BLIND: ReadonlySet<string> = new Set(['sse', 'http', 'node-http', 'web-http', 'json-schema'])
const METHOD_NAME = new RegExp(
  [
    String.raw`\b(?:tools/(?:list|call)|prompts/(?:list|get)|completion/complete|logging/setLevel)\b`,
    String.raw`\bresources/(?:list|read|templates/list|subscribe|unsubscribe)\b`,
    String.raw`\b(?:sampling/createMessage|elicitation/create|roots/list|notifications/[a-z]+)\b`,
    String.raw`\b(?:server/discover|subscriptions/listen|tasks/(?:get|list|update|cancel|result))\b`,
    // Ordinary words, so only as the whole of a string.
    "'(?:initialize|ping)'",
  ].join('|'),
  'g',
)

/** A quoted protocol version next to a comparison, a `case` or a membership test. */
const VERSION = String.raw`['"\x60]20\d\d-\d\d-\d\d['"\x60]`
const VERSION_COMPARED = new RegExp(
  String.raw`(?:[=!]==?|[<>]=?|\bcase|\.(?:has|includes|get|startsWith|indexOf|localeCompare)\()\s*${VERSION}` +
    String.raw`|${VERSION}\s*(?:[=!]==?|[<>]=?)`,
  'g',
)
const MAX_LINES = 400

/** The layer a path below `src/` belongs to: its first folder, the transport of an era, or the file itself. */
function layerOf(path: string): string {
  const [first = path, second] = path.split('/')
  return TRANSPORTS.has(second) ? `${first}/${second}` : first
}

function eraOf(path: string): string {
  return path.split('/')[0] ?? path
}

/** The text without comment lines, so that an example in a comment is not taken for code. */
function codeOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s*(\*( |$|\/)|\/\*|\/\/)/.test(line))
    .join('\n')
}

/** Every module specifier of a file: static imports and re-exports, bare imports, `import()` and `require()`. */
export function findSpecifiers(text: string): string[] {
  const code = codeOf(text)
  const forms = [
    /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
    /\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g,
  ]
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ''))
}

/** Resolves a relative specifier to a path below `src/`; undefined when it leaves `src/`. */
export function resolveImport(from: string, specifier: string): string | undefined {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..') {
      if (parts.pop() === undefined) return undefined
    } else if (part !== '.') {
      parts.push(part)
    }
  }
  return parts.join('/')
}

/** Relative imports with their target; the rules on layers look at these. */
function relativeImports({ path, text }: Source): (string | undefined)[] {
  return findSpecifiers(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => resolveImport(path, specifier))
}

/** Only `node:` built-ins and files of src/: anything else would be a runtime dependency. */
export const onlyBuiltins: Rule = ({ path, text }) =>
  findSpecifiers(text).flatMap((specifier) => {
    if (specifier.startsWith('node:')) return []
    if (!specifier.startsWith('.')) return [`${path} imports the package "${specifier}"`]
    if (resolveImport(path, specifier) === undefined) return [`${path} imports ${specifier}, outside src/`]
    return specifier.endsWith('.ts') ? [] : [`${path} imports ${specifier} without its .ts ending`]
  })

/** Imports go one way through the layers. */
export const oneWay: Rule = (source) => {
  const layer = layerOf(source.path)
  const allowed = MAY_IMPORT.get(layer)
  if (allowed === undefined)
    return [`${source.path} is in no known layer, expected ${[...MAY_IMPORT.keys()]}`]
  return relativeImports(source).flatMap((target) => {
    const other = target === undefined ? layer : layerOf(target)
    return other === layer || allowed.includes(other) ? [] : [`${source.path} (${layer}) imports ${target}`]
  })
}

/** Only the entrance knows that there are two eras. `index.ts` names what it exports and is held to it too. */
export const erasApart: Rule = (source) => {
  const folders = new Set([
    eraOf(source.path),
    ...relativeImports(source).map((target) => eraOf(target ?? '')),
  ])
  if (!folders.has('session-era') || !folders.has('stateless-era') || KNOWS_BOTH_ERAS.has(source.path))
    return []
  return [`${source.path} knows both eras, expected only ${[...KNOWS_BOTH_ERAS].join(' and ')}`]
}

/** A lifecycle is served by any transport, so it names nothing that only one of them has. */
export const noCarrierInLifecycle: Rule = ({ path, text }) =>
  FREE_OF_CARRIERS.has(layerOf(path))
    ? [...codeOf(text).matchAll(CARRIER_NAME)].map(([name]) => `${path} names ${name}`)
    : []

/** Requests and sockets of Node are seen by one folder and by who makes the server. */
export const networkAtTheEdge: Rule = ({ path, text }) =>
  findSpecifiers(text)
    .filter(
      (specifier) => NETWORK.test(specifier) && !CARRIERS.has(layerOf(path)) && !CLIENT_ON_NODE.has(path),
    )
    .map((specifier) => `${path} imports ${specifier}`)

/** The lower layers never learn an MCP method name, not even in a comment. */
export const noMethodNames: Rule = ({ path, text }) =>
  METHOD_BLIND.has(layerOf(path))
    ? [...text.matchAll(METHOD_NAME)].map(([name]) => `${path} names the MCP method ${name}`)
    : []

/** Versions are compared at the edge; everything behind it asks the revision row. */
export const versionsAtTheEdge: Rule = ({ path, text }) =>
  path === 'select-era.ts' || path.endsWith('/revisions.ts')
    ? []
    : [...codeOf(text).matchAll(VERSION_COMPARED)].map(([found]) => `${path} compares a version: ${found}`)

/** Each file says at its top what it is. */
export const moduleComment: Rule = ({ path, text }) => {
  const comment =
    text
      .match(/^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//)?.[1]
      ?.replace(/[\s*]+/g, ' ')
      .trim() ?? ''
  return comment.length >= 40 ? [] : [`${path} has no module comment of at least 40 characters at its top`]
}

/** A file past this size is the one that everybody patches and nobody reads. */
export const notTooLong: Rule = ({ path, text }) => {
  const lines = text.replace(/\n$/, '').split('\n').length
  return lines <= MAX_LINES ? [] : [`${path} has ${lines} lines, expected at most ${MAX_LINES}`]
}

/**
 * Files that import each other, directly or through others, type-only imports included: none of them can be understood,
 * moved or tested without all the others. Recursion that the data has (a schema within a schema) needs no circle: pass
 * the function. Looks at all files together, so it is no `Rule`.
 *
 * @returns a sentence for each group of files that all reach each other
 */
export function findCircles(sources: readonly Source[]): string[] {
  const imports = new Map(sources.map((source) => [source.path, relativeImports(source)]))
  const reached = new Map([...imports.keys()].map((path) => [path, reachableFrom(path, imports)]))
  const circles = new Map<string, readonly string[]>()
  for (const [path, targets] of reached) {
    if (!targets.has(path)) continue
    const members = [...targets].filter((target) => reached.get(target)?.has(path) === true).sort()
    circles.set(members.join(' '), members)
  }
  return [...circles.values()].map((members) => `${members.join(', ')} import each other in a circle`)
}

/** The files that one imports, and those that they import, and so on: itself only where a circle leads back to it. */
function reachableFrom(
  start: string,
  imports: ReadonlyMap<string, readonly (string | undefined)[]>,
): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [start]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    for (const target of imports.get(path) ?? []) {
      if (target === undefined || reached.has(target)) continue
      reached.add(target)
      waiting.push(target)
    }
  }
  return reached
}

export const rules: Readonly<Record<string, Rule>> = {
  'only built-ins are imported': onlyBuiltins,
  'imports go one way': oneWay,
  'only the entrance knows both eras': erasApart,
  'a lifecycle names no carrier': noCarrierInLifecycle,
  'sockets stay at the edge': networkAtTheEdge,
  'sse, http and json-schema know no MCP method': noMethodNames,
  'versions are compared at the edge': versionsAtTheEdge,
  'each file has a module comment': moduleComment,
  'no file is too long': notTooLong,
}
