/**
 * Resources: what a host can read. Single ones by URI, families of them by URI template.
 *
 * Spec: 2025-11-25 resources {@link spec.resources}.
 * Not here: subscriptions (the eras), template syntax (uri-template.ts).
 */

import { suggestion } from '../bounds/option-names.ts'
import type { Given } from '../bounds/option-types.ts'
import { excerpt, kindOf, quote, shown } from '../bounds/quote.ts'
import { resourceProblem } from '../dispatch/content.ts'
import type { RequestContext } from '../dispatch/context.ts'
import type { DispatchHost } from '../dispatch/dispatcher.ts'
import type { JsonText } from '../dispatch/json-text.ts'
import type { CacheHint } from '../dispatch/rpc-exchange.ts'
import { arrayProblem, checked, jsonText, under } from '../dispatch/shape.ts'
import { RpcError } from '../jsonrpc/rpc-error.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type {
  Annotations,
  Icon,
  JsonObject,
  Meta,
  ReadResourceResult,
  Resource,
} from '../protocol/wire-types.ts'
import { type CacheHints, checkCacheHint } from './cache-hints.ts'
import type { Completer } from './completer.ts'
import { checkConfig, type Names } from './config-names.ts'
import { checkFunctions, entryJson, RESOURCE } from './entry-check.ts'
import { type Entry, type ListItem, listResult, type Registry, type Visible } from './registry.ts'
import { type ResourceReturn, readResult } from './resource-result.ts'
import { isUri, parseUri } from './resource-uri.ts'
import { type AnyScopes, isListed, type Scopes } from './scopes.ts'
import { UriTemplate } from './uri-template.ts'
import type { UriVariablesOf } from './uri-variables.ts'

/**
 * Starts watching a resource for its first subscriber. Returns a function that stops it, which is called after the last
 * one has unsubscribed. Report changes with `server.notifyResourceUpdated(uri)`. `ctx` is that of the first subscriber's
 * request.
 */
export type WatchResource = (
  uri: string,
  ctx: RequestContext,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that has nothing to stop returns nothing
) => (() => void) | void | PromiseLike<(() => void) | void>

interface CommonConfig {
  /** Display name. */
  readonly title?: string | undefined
  /** What it is for, for the model. */
  readonly description?: string | undefined
  /** Media type of the content. */
  readonly mimeType?: string | undefined
  /** Audience and priority, as the protocol defines them. */
  readonly annotations?: Annotations | undefined
  /** Pictures for people. */
  readonly icons?: readonly Icon[] | undefined
  /** Sent with the entry in lists. */
  readonly _meta?: Meta | undefined
  /** True: clients may subscribe. A function: they may, and it is called to start watching. @defaultValue false */
  readonly subscribe?: boolean | WatchResource | undefined
  /** How long clients may cache the contents. @defaultValue the server's `cache.read` */
  readonly cache?: Given<CacheHint> | undefined
  /** Decides for each request whether the entry is visible to its caller. @defaultValue always */
  readonly visible?: Visible | undefined
}

export interface ResourceConfig extends CommonConfig {
  /** Scopes that callers must have, or a function that says which; 403 for others. @defaultValue none */
  readonly scopes?: Scopes<Record<string, never>> | undefined
  /** Bytes, when known. */
  readonly size?: number | undefined
}

export interface ResourceTemplateConfig extends CommonConfig {
  /** Scopes that callers must have, or a function of the variables that says which; 403 for others. @defaultValue none */
  readonly scopes?: Scopes<UriVariablesOf<string>> | undefined
  /** The resources of the family that lists should show. @defaultValue none */
  readonly list?:
    | ((ctx: RequestContext) => readonly Resource[] | PromiseLike<readonly Resource[]>)
    | undefined
  /** Suggests values, by variable name. @defaultValue none */
  readonly complete?: { readonly [variable: string]: Completer } | undefined
}

const COMMON_NAMES: Names<CommonConfig> = {
  title: true,
  description: true,
  mimeType: true,
  annotations: true,
  icons: true,
  _meta: true,
  subscribe: true,
  cache: true,
  visible: true,
}
const RESOURCE_NAMES: Names<ResourceConfig> = { ...COMMON_NAMES, scopes: true, size: true }
const TEMPLATE_NAMES: Names<ResourceTemplateConfig> = {
  ...COMMON_NAMES,
  scopes: true,
  list: true,
  complete: true,
}

export type ResourceHandler = (uri: URL, ctx: RequestContext) => ResourceReturn | PromiseLike<ResourceReturn>

export type ResourceTemplateHandler<Template extends string = string> = (
  uri: URL,
  variables: UriVariablesOf<Template>,
  ctx: RequestContext,
) => ResourceReturn | PromiseLike<ResourceReturn>

/** A resource with one URI; the URI is its key. */
export class StaticResource implements Entry {
  readonly key: string
  readonly name: string
  /** For messages: `Resource "readme"`. */
  readonly use: string
  readonly config: ResourceConfig
  readonly handler: ResourceHandler
  readonly visible: Visible | undefined
  readonly scopes: AnyScopes | undefined
  readonly json: string
  order = 0
  enabled = true

  constructor(name: string, uri: string, config: ResourceConfig, handler: ResourceHandler) {
    const use = checkResource('Resource', name, handler, config, RESOURCE_NAMES)
    if (!isUri(uri)) {
      throw new TypeError(`${use}: ${shown(uri)} is not a URI (RFC 3986); percent-encode other characters`)
    }
    this.key = uri
    this.use = use
    this.name = name
    this.config = config
    this.handler = handler
    this.visible = config.visible
    this.scopes = config.scopes
    this.json = entryJson({ uri, name, ...described(config), size: config.size }, RESOURCE, use)
  }
}

/** A family of resources; its name is its key. */
export class TemplateResource implements Entry {
  readonly key: string
  /** For messages. */
  readonly use: string
  readonly template: UriTemplate
  readonly config: ResourceTemplateConfig
  readonly handler: ResourceTemplateHandler
  readonly visible: Visible | undefined
  readonly scopes: AnyScopes | undefined
  readonly lists: ResourceTemplateConfig['list']
  readonly json: string
  order = 0
  enabled = true

  constructor(
    name: string,
    uriTemplate: string,
    config: ResourceTemplateConfig,
    handler: ResourceTemplateHandler,
  ) {
    const use = checkResource('Resource template', name, handler, config, TEMPLATE_NAMES)
    checkFunctions({ list: config.list }, use)
    if (config.complete !== undefined) checkFunctions(config.complete, `${use} complete`)
    this.key = name
    this.use = use
    if (typeof uriTemplate !== 'string')
      throw new TypeError(`${use}: the URI template must be a string; got ${kindOf(uriTemplate)}`)
    this.template = new UriTemplate(uriTemplate)
    if (this.template.variableNames.length === 0) {
      const problem = `${JSON.stringify(uriTemplate)} has no variable, such as {id}`
      throw new TypeError(`${use}: ${problem}; a single resource is for registerResource`)
    }
    for (const variable of Object.keys(config.complete ?? {})) {
      if (!this.template.variableNames.includes(variable)) {
        const near = suggestion(variable, this.template.variableNames)
        throw new TypeError(`${use} has no variable ${JSON.stringify(variable)}${near}`)
      }
    }
    this.config = config
    this.handler = handler
    this.visible = config.visible
    this.scopes = config.scopes
    this.lists = config.list
    this.json = entryJson({ uriTemplate, name, ...described(config) }, RESOURCE, use)
  }
}

export interface ResourceHost extends DispatchHost {
  readonly resources: Registry<StaticResource>
  readonly resourceTemplates: Registry<TemplateResource>
  readonly cache: CacheHints
  readonly pageSize: number
}

/** `resources/list`: the single resources, then what the templates list. */
export function listResources(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ResourceHost,
): JsonText | Promise<JsonText> {
  const cursor = params?.['cursor']
  ctx.hintCache(host.resources.restrict(host.resourceTemplates.restrict(host.cache.resources, ctx), ctx))
  const listing = [...host.resourceTemplates.open(ctx)].filter(
    (template) => template.config.list !== undefined && isListed(template, ctx),
  )
  if (listing.length === 0) return host.resources.list(ctx, cursor, host.pageSize)
  return listWithTemplates(listing, cursor, ctx, host)
}

/** `resources/templates/list` */
export function listResourceTemplates(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ResourceHost,
): JsonText {
  ctx.hintCache(host.resourceTemplates.restrict(host.cache.resourceTemplates, ctx))
  return host.resourceTemplates.list(ctx, params?.['cursor'], host.pageSize)
}

/** `resources/read` */
export function readResource(
  params: JsonObject | undefined,
  ctx: RequestContext,
  host: ResourceHost,
): Promise<ReadResourceResult> {
  const uri = requireUri(params, 'resources/read')
  return findResource(uri, ctx, host).read()
}

/**
 * Whether clients can subscribe to a URI, whoever they are.
 *
 * @returns why they cannot; undefined: they can
 */
export function unsubscribable(
  uri: string,
  { resources, resourceTemplates }: Pick<ResourceHost, 'resources' | 'resourceTemplates'>,
): string | undefined {
  let entry: StaticResource | TemplateResource | undefined = resources.get(uri)
  const mayTell = ({ config: { subscribe = false } }: NonNullable<typeof entry>) => subscribe !== false
  if (entry !== undefined && mayTell(entry)) return undefined
  for (const template of resourceTemplates.all()) {
    if (template.template.match(uri) === undefined) continue
    if (mayTell(template)) return undefined
    entry ??= template
  }
  if (entry === undefined) return `this server has no resource or template with the URI ${quote(uri)}`
  return `${entry.use} has no subscribe: true, so that clients cannot subscribe to it`
}

interface FoundResource {
  readonly entry: StaticResource | TemplateResource
  readonly variables: UriVariablesOf<string>
  readonly subscribe: boolean | WatchResource | undefined
  read(): Promise<ReadResourceResult>
}

/**
 * Finds the resource that a URI names, among those that are visible to this caller.
 *
 * @throws {RpcError} -32002 with `data.uri`; an era that has another code for it maps it
 */
export function findResource(uri: string, ctx: RequestContext, host: ResourceHost): FoundResource {
  const found = (
    entry: FoundResource['entry'],
    variables: FoundResource['variables'],
    run: () => ReturnType<ResourceHandler>,
  ): FoundResource => ({
    entry,
    variables,
    subscribe: entry.config.subscribe,
    read: async () => {
      ctx.hintCache(readHint(entry, host))
      return readResult(await run(), uri, entry)
    },
  })
  const resource = host.resources.find(uri, ctx)
  if (resource !== undefined) return found(resource, {}, () => resource.handler(new URL(uri), ctx))
  const url = parseUri(uri)
  for (const entry of url === undefined ? [] : host.resourceTemplates.open(ctx)) {
    const variables = entry.template.match(uri)
    if (variables !== undefined)
      return found(entry, variables, () => entry.handler(url as URL, variables, ctx))
  }
  throw resourceNotFound(uri)
}

/** What only some callers may see MUST NOT be shared, whatever the options say. */
function readHint({ config }: StaticResource | TemplateResource, host: ResourceHost): CacheHint {
  const { ttlMs = host.cache.read.ttlMs, scope = host.cache.read.scope } = config.cache ?? {}
  return { ttlMs, scope: config.visible === undefined && config.scopes === undefined ? scope : 'private' }
}

/** For handlers of templates: the URI matches the template, but there is no such resource. */
export function resourceNotFound(uri: string | URL): RpcError {
  return resourceError(ErrorCode.RESOURCE_NOT_FOUND, 'Resource not found', String(uri))
}

/** Clients compare `data.uri` with what they asked for, so it is repeated up to a length that URIs have. */
const MAX_URI_EXCERPT = 1000

/** An error about a resource, which it names in its data. */
export function resourceError(code: number, problem: string, uri: string): RpcError {
  return new RpcError(code, `${problem}: ${quote(uri)}`, { uri: excerpt(uri, MAX_URI_EXCERPT) })
}

export function requireUri(params: JsonObject | undefined, method: string): string {
  const uri = params?.['uri']
  if (typeof uri === 'string') return uri
  throw new RpcError(ErrorCode.INVALID_PARAMS, `${method} needs "uri", a string; got ${kindOf(uri)}`)
}

async function listWithTemplates(
  listing: readonly TemplateResource[],
  cursor: unknown,
  ctx: RequestContext,
  host: ResourceHost,
): Promise<JsonText> {
  const items = new Map<string, ListItem>()
  for (const entry of host.resources.open(ctx)) if (isListed(entry, ctx)) items.set(entry.key, entry)
  const lists = await Promise.all(listing.map((template) => listOf(template, ctx)))
  for (const item of lists.flat()) if (!items.has(item.key)) items.set(item.key, item)
  return listResult(host.resources.listKey, [...items.values()], cursor, host.pageSize)
}

/** @throws {ResultError} the callback gave no list of resources */
async function listOf(
  { config, use, key: entry }: TemplateResource,
  ctx: RequestContext,
): Promise<readonly ListItem[]> {
  try {
    const list = (await config.list?.(ctx)) ?? []
    return checked({ list }, listProblem, use, entry).list.map((resource, index) => ({
      key: resource.uri,
      json: jsonText(resource, `${use}: list[${index}]`, entry) as string,
    }))
  } catch (error) {
    ctx.belongsTo(entry)
    throw error
  }
}

function listProblem(value: unknown): string | undefined {
  return under(
    '.list',
    arrayProblem((value as { readonly list: unknown }).list, 'resources', resourceProblem),
  )
}

function described({ title, description, mimeType, annotations, icons, _meta }: CommonConfig): object {
  return { title, description, mimeType, annotations, icons, _meta }
}

/** @returns the resource as messages name it */
function checkResource(
  noun: string,
  name: unknown,
  handler: unknown,
  config: CommonConfig,
  names: object,
): string {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`${noun}: the name must be a non-empty string; got ${shown(name)}`)
  }
  const use = `${noun} ${JSON.stringify(name)}`
  checkConfig(config, use, names)
  if (typeof handler !== 'function') throw new TypeError(`${use} needs a handler function`)
  const { visible, subscribe, cache } = config
  checkFunctions({ visible }, use)
  if (subscribe !== undefined && typeof subscribe !== 'boolean' && typeof subscribe !== 'function') {
    throw new TypeError(`${use} subscribe must be true, false or a function; got ${kindOf(subscribe)}`)
  }
  if (cache !== undefined) checkCacheHint(cache, `${use} cache`)
  return use
}
