/**
 * Bundle: a schema with all documents that it refers to, read into nodes, references resolved.
 *
 * Spec: core 2020-12, sections 8.2 and 9. Reading collects resources, anchors and references; the references are
 * then resolved, which may read further documents and add to them. Nothing is ever fetched: a reference to a document
 * that was not given is a SchemaError (MCP 2026-07-28, basic, "$ref Resolution").
 *
 *   schema -- parse --> nodes, resources, anchors, pending references
 *                              ^                        |
 *                              +--- parse document <--- resolve
 *
 * Invariant: each node has one place; a JSON Pointer is looked up by place, without a walk through the schema.
 * Not here: keywords (keywords-*.ts), URIs (uri.ts).
 */

import { describe, escapeSegment, quoteText, SchemaError } from '../explain/result.ts'
import type { Limits } from '../limits.ts'
import type { Dialect } from './dialect.ts'
import { DIALECTS, DRAFT_2020_12, fromVocabulary } from './dialect.ts'
import type { Parser, Relation } from './keyword.ts'
import { BUILT_IN } from './metaschema.ts'
import type { Reference, Resource } from './node.ts'
import { forEachInPlace, SchemaNode } from './node.ts'
import { decodeFragment, display, pointerSegments, ROOT_URI, resolveUri } from './uri.ts'

type Raw = Readonly<Record<string, unknown>>

/** A document being read: its raw schema, and the place its pointers start from. */
interface Pending {
  readonly node: SchemaNode
  readonly reference: Reference
}

export class Bundle implements Parser {
  readonly maxSchemaDepth: number
  readonly root: SchemaNode
  /** Whether a `$dynamicRef` has more than one possible target. */
  readonly dynamic: boolean
  readonly #limits: Limits
  readonly #documents: ReadonlyMap<string, unknown>
  readonly #resources = new Map<string, Resource>()
  readonly #places = new Map<string, SchemaNode>()
  /** Raw schemas by document place, for pointers into unknown keywords. */
  readonly #raws = new Map<string, unknown>()
  readonly #pending: Pending[] = []
  /** Of the root, and of documents that do not name theirs. */
  readonly #dialect: Dialect
  readonly #dialects = new Map<Resource, Dialect>()
  readonly #assertFormat: boolean
  #count = 0

  constructor(schema: unknown, documents: ReadonlyMap<string, unknown>, limits: Limits, formats: boolean) {
    this.#limits = limits
    this.#documents = documents
    this.#assertFormat = formats
    this.maxSchemaDepth = limits.maxSchemaDepth
    this.#dialect = DRAFT_2020_12
    this.#dialect = this.#dialectOf(schema, '#')
    this.root = this.#readDocument(ROOT_URI, schema)
    for (const { node, reference } of this.#pending) {
      reference.target = this.#find(node, reference)
    }
    this.dynamic = this.#settleDynamic()
    this.#refuseLoops()
  }

  get nodes(): Iterable<SchemaNode> {
    return this.#places.values()
  }

  /** All nodes that a `$dynamicRef` to this anchor may reach. */
  dynamicTargets(anchor: string): SchemaNode[] {
    const targets = new Set<SchemaNode>()
    for (const resource of this.#resources.values()) {
      const target = resource.dynamicAnchors.get(anchor)
      if (target !== undefined) targets.add(target)
    }
    return [...targets]
  }

  child(parent: SchemaNode, raw: unknown, path: readonly string[], relation: Relation): SchemaNode {
    let place = parent.place
    for (const segment of path) place += `/${escapeSegment(segment)}`
    const level = relation === 'part' ? parent.level + 1 : parent.level
    const child = this.#parse(raw, place, level, parent.depth + 1, parent.resource)
    if (child.hasRef && relation !== 'definition') parent.hasRef = true
    return child
  }

  reference(node: SchemaNode, keyword: string, uri: string): Reference {
    const reference: Reference = { keyword, uri, target: node, dynamic: undefined }
    this.#pending.push({ node, reference })
    return reference
  }

  #parse(raw: unknown, place: string, level: number, depth: number, within: Resource): SchemaNode {
    if (++this.#count > this.#limits.maxSubschemas) {
      throw new SchemaError(place, `more subschemas than maxSubschemas (${this.#limits.maxSubschemas})`)
    }
    if (depth > this.maxSchemaDepth) {
      throw new SchemaError(place, `nested more than maxSchemaDepth (${this.maxSchemaDepth}) deep`)
    }
    if (typeof raw === 'boolean') {
      const node = new SchemaNode(place, level, depth, within)
      node.always = raw
      this.#places.set(place, node)
      return node
    }
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
      throw new SchemaError(place, `expected a schema (object or boolean), got ${describe(raw)}`)
    }
    return this.#parseObject(raw as Raw, place, level, depth, within)
  }

  #parseObject(raw: Raw, place: string, level: number, depth: number, within: Resource): SchemaNode {
    let resource = within
    const outer = this.#dialects.get(within) as Dialect
    let plainName: string | undefined
    const isDocument = within.root === undefined
    const id = Object.hasOwn(raw, '$id') ? raw['$id'] : undefined
    if (Object.hasOwn(raw, '$schema') && typeof raw['$schema'] !== 'string') {
      throw new SchemaError(`${place}/$schema`, `expected a URI, got ${describe(raw['$schema'])}`)
    }
    // Inside draft-07 `$ref` hides `$id` like every sibling.
    if (id !== undefined && !(outer.legacy && Object.hasOwn(raw, '$ref'))) {
      if (typeof id !== 'string') {
        throw new SchemaError(`${place}/$id`, `expected a URI reference, got ${describe(id)}`)
      }
      const resolved = resolveUri(within.uri, id)
      if (resolved === undefined)
        throw new SchemaError(`${place}/$id`, `${quoteText(id)} is not a URI reference`)
      const dialect = isDocument ? outer : this.#dialectOf(raw, place, outer)
      if (resolved.fragment !== '') {
        if (!dialect.legacy)
          throw new SchemaError(`${place}/$id`, `${quoteText(id)} has a fragment (use $anchor)`)
        plainName = resolved.fragment
      }
      if (!id.startsWith('#')) resource = this.#enter(resolved.uri, dialect, within, place)
    }
    const node = new SchemaNode(place, level, depth, resource)
    if (resource.root === undefined) resource.root = node
    if (isDocument) within.root = node
    if (plainName !== undefined) resource.anchors.set(plainName, node)
    this.#places.set(place, node)

    const { keywords, legacy } = this.#dialects.get(resource) as Dialect
    if (legacy && Object.hasOwn(raw, '$ref')) {
      keywords.get('$ref')?.(this, node, raw['$ref'], '$ref', raw)
      // Definitions stay reachable by pointer; all other siblings are hidden.
      if (Object.hasOwn(raw, 'definitions')) {
        keywords.get('definitions')?.(this, node, raw['definitions'], 'definitions', raw)
      }
      return node
    }
    for (const name in raw) {
      if (Object.hasOwn(raw, name)) keywords.get(name)?.(this, node, raw[name], name, raw)
    }
    return node
  }

  /** The resource that an `$id` opens. A document's own `$id` may name the URI it was given under. */
  #enter(uri: string, dialect: Dialect, within: Resource, place: string): Resource {
    if (uri === within.uri && within.root === undefined) return within
    const other = this.#resources.get(uri)
    if (other !== undefined) {
      throw new SchemaError(
        `${place}/$id`,
        `${quoteText(display(uri))} is already the $id of ${other.root.place}`,
      )
    }
    return this.#addResource(uri, dialect)
  }

  /** A resource whose root is set as soon as its node exists. */
  #addResource(uri: string, dialect: Dialect): Resource {
    const resource: Resource = {
      uri,
      assertFormat: this.#assertFormat || dialect.assertFormat,
      anchors: new Map(),
      dynamicAnchors: new Map(),
      root: undefined as unknown as SchemaNode,
    }
    this.#resources.set(uri, resource)
    this.#dialects.set(resource, dialect)
    return resource
  }

  #readDocument(uri: string, raw: unknown): SchemaNode {
    const place = `${display(uri)}#`
    const resource = this.#addResource(uri, this.#dialectOf(raw, place, this.#dialect))
    this.#raws.set(place, raw)
    const node = this.#parse(raw, place, 0, 0, resource)
    resource.root = node
    return node
  }

  #dialectOf(raw: unknown, place: string, fallback: Dialect = DRAFT_2020_12): Dialect {
    if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, '$schema')) return fallback
    const uri = (raw as Raw)['$schema']
    if (typeof uri !== 'string') {
      throw new SchemaError(`${place}/$schema`, `expected a URI, got ${describe(uri)}`)
    }
    const name = uri.endsWith('#') ? uri.slice(0, -1) : uri
    const known = DIALECTS.get(name)
    if (known !== undefined) return known
    const meta = this.#documents.get(resolveUri(ROOT_URI, name)?.uri ?? name)
    const vocabulary =
      typeof meta === 'object' && meta !== null && Object.hasOwn(meta, '$vocabulary')
        ? (meta as Raw)['$vocabulary']
        : undefined
    if (typeof vocabulary !== 'object' || vocabulary === null) {
      throw new SchemaError(
        `${place}/$schema`,
        `unsupported dialect ${quoteText(uri)}; supported are JSON Schema 2020-12 and draft-07`,
      )
    }
    const dialect = fromVocabulary(vocabulary as Raw)
    if (typeof dialect === 'string') {
      throw new SchemaError(
        `${place}/$schema`,
        `dialect ${quoteText(uri)} requires unknown vocabulary ${quoteText(dialect)}`,
      )
    }
    return dialect
  }

  // References

  #find(node: SchemaNode, reference: Reference): SchemaNode {
    const { keyword, uri } = reference
    const place = `${node.place}/${keyword}`
    const resolved = resolveUri(node.resource.uri, uri)
    const fragment = resolved && decodeFragment(resolved.fragment)
    if (resolved === undefined || fragment === undefined) {
      throw new SchemaError(place, `${quoteText(uri)} is not a URI reference`)
    }
    const resource = this.#resource(resolved.uri)
    if (resource === undefined) {
      throw new SchemaError(
        place,
        `cannot resolve ${quoteText(uri)}: no such document was given, and none is fetched`,
      )
    }
    if (fragment === '') return resource.root
    const target = fragment.startsWith('/')
      ? this.#atPointer(resource.root, fragment)
      : resource.anchors.get(fragment)
    if (target === undefined)
      throw new SchemaError(place, `cannot resolve ${quoteText(uri)}: nothing is there`)
    if (keyword === '$dynamicRef' && target.resource.dynamicAnchors.get(fragment) === target) {
      reference.dynamic = fragment
    }
    return target
  }

  #resource(uri: string): Resource | undefined {
    const known = this.#resources.get(uri)
    if (known !== undefined) return known
    const document = this.#documents.get(uri) ?? BUILT_IN.get(uri)
    if (document !== undefined) {
      this.#readDocument(uri, document)
      return this.#resources.get(uri)
    }
    // The resource may be embedded in a document that nothing has referred to so far.
    for (const [at, raw] of this.#documents) {
      if (this.#resources.has(at) || !embeds(raw, at, uri)) continue
      this.#readDocument(at, raw)
      const found = this.#resources.get(uri)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Finds the node at a pointer; a schema inside an unknown keyword is read on demand. */
  #atPointer(root: SchemaNode, pointer: string): SchemaNode | undefined {
    const known = this.#places.get(root.place + pointer)
    if (known !== undefined) return known
    const hash = root.place.indexOf('#') + 1
    const document = root.place.slice(0, hash)
    let raw = this.#raws.get(document)
    let place = document
    let owner = this.#places.get(place) ?? root
    const inner = root.place.slice(hash)
    for (const segment of pointerSegments(inner + pointer)) {
      if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, segment)) return undefined
      raw = (raw as Raw)[segment]
      place += `/${escapeSegment(segment)}`
      owner = this.#places.get(place) ?? owner
    }
    // Pointers such as "/$defs//$defs" reach a known place under the spelling of this walk.
    return this.#places.get(place) ?? this.#parse(raw, place, owner.level, owner.depth + 1, owner.resource)
  }

  /** Marks dynamic references that can only ever have one target as plain ones. */
  #settleDynamic(): boolean {
    let dynamic = false
    for (const { reference } of this.#pending) {
      if (reference.dynamic === undefined) continue
      if (this.dynamicTargets(reference.dynamic).length > 1) dynamic = true
      else reference.dynamic = undefined
    }
    return dynamic
  }

  /** Refuses references that lead back to their start without a step into the value: they never end. */
  #refuseLoops(): void {
    const done = new Set<SchemaNode>()
    const open = new Set<SchemaNode>()
    for (const { node: start } of this.#pending) {
      const stack = [start]
      while (stack.length > 0) {
        const node = stack[stack.length - 1] as SchemaNode
        if (open.has(node) || done.has(node)) {
          stack.pop()
          open.delete(node)
          done.add(node)
          continue
        }
        open.add(node)
        forEachInPlace(node, (child) => {
          if (open.has(child))
            throw new SchemaError(node.place, `reference loop: ${child.place} applies itself`)
          if (!done.has(child)) stack.push(child)
        })
      }
    }
  }
}

/** Whether anything in a document has an `$id` with this URI: cheap, and without validating the document. */
function embeds(raw: unknown, base: string, uri: string, depth = 0): boolean {
  if (typeof raw !== 'object' || raw === null || depth > 200) return false
  let here = base
  if (Object.hasOwn(raw, '$id')) {
    const id = (raw as Raw)['$id']
    if (typeof id === 'string') here = resolveUri(base, id)?.uri ?? base
    if (here === uri) return true
  }
  return Object.values(raw).some((part) => embeds(part, here, uri, depth + 1))
}
