/**
 * The meta-schemas of 2020-12 and draft-07, as documents that a `$ref` may name.
 *
 * Written from shared shapes, without titles and comments; a test holds them against the published files.
 * They are made when a schema first refers to one, not while barewire loads: compile checks schemas keyword by
 * keyword (keywords-*.ts), so hardly any server needs them.
 */

type Shape = Readonly<Record<string, unknown>>

const BASE = 'https://json-schema.org/draft/2020-12/'

const schema = { $dynamicRef: '#meta' }
const string = { type: 'string' }
const number = { type: 'number' }
const anything = { type: 'array', items: true }
const off = { type: 'boolean', default: false }
const either = ['object', 'boolean']
const simpleTypes = { enum: ['array', 'boolean', 'integer', 'null', 'number', 'object', 'string'] }
const stringArray = { type: 'array', items: string, uniqueItems: true, default: [] }
const nonNegativeInteger = { type: 'integer', minimum: 0 }

/** An object whose members are all schemas. */
const record = (member: Shape): Shape => ({ type: 'object', additionalProperties: member, default: {} })
/** Gives several properties one shape. */
const each = (names: string, shape: Shape): Shape =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]))

function vocabulary(name: string, properties: Shape, $defs?: Shape): [string, Shape] {
  const $id = `${BASE}meta/${name}`
  return [
    $id,
    {
      $schema: `${BASE}schema`,
      $id,
      $vocabulary: { [`${BASE}vocab/${name}`]: true },
      $dynamicAnchor: 'meta',
      type: either,
      properties,
      ...($defs && { $defs }),
    },
  ]
}

const VOCABULARY_NAMES = [
  'core',
  'applicator',
  'unevaluated',
  'validation',
  'meta-data',
  'format-annotation',
  'content',
]

const ref = (name: string): Shape => ({ $ref: `#/$defs/${name}` })

const core = () =>
  vocabulary(
    'core',
    {
      $id: { ...ref('uriReferenceString'), pattern: '^[^#]*#?$' },
      $schema: ref('uriString'),
      ...each('$ref $dynamicRef', ref('uriReferenceString')),
      ...each('$anchor $dynamicAnchor', ref('anchorString')),
      $vocabulary: {
        type: 'object',
        propertyNames: ref('uriString'),
        additionalProperties: { type: 'boolean' },
      },
      $comment: string,
      $defs: { type: 'object', additionalProperties: schema },
    },
    {
      anchorString: { type: 'string', pattern: '^[A-Za-z_][-A-Za-z0-9._]*$' },
      uriString: { type: 'string', format: 'uri' },
      uriReferenceString: { type: 'string', format: 'uri-reference' },
    },
  )

const applicator = () =>
  vocabulary(
    'applicator',
    {
      ...each('prefixItems allOf anyOf oneOf', ref('schemaArray')),
      ...each('items contains additionalProperties propertyNames if then else not', schema),
      ...each('properties dependentSchemas', record(schema)),
      patternProperties: { ...record(schema), propertyNames: { format: 'regex' } },
    },
    { schemaArray: { type: 'array', minItems: 1, items: schema } },
  )

const validation = () =>
  vocabulary(
    'validation',
    {
      type: {
        anyOf: [
          ref('simpleTypes'),
          { type: 'array', items: ref('simpleTypes'), minItems: 1, uniqueItems: true },
        ],
      },
      const: true,
      enum: anything,
      multipleOf: { type: 'number', exclusiveMinimum: 0 },
      ...each('maximum exclusiveMaximum minimum exclusiveMinimum', number),
      ...each('maxLength maxItems maxContains maxProperties', ref('nonNegativeInteger')),
      ...each('minLength minItems minProperties', ref('nonNegativeIntegerDefault0')),
      minContains: { ...ref('nonNegativeInteger'), default: 1 },
      pattern: { type: 'string', format: 'regex' },
      uniqueItems: off,
      required: ref('stringArray'),
      dependentRequired: { type: 'object', additionalProperties: ref('stringArray') },
    },
    {
      nonNegativeInteger,
      nonNegativeIntegerDefault0: { ...ref('nonNegativeInteger'), default: 0 },
      simpleTypes,
      stringArray,
    },
  )

const metaData = () =>
  vocabulary('meta-data', {
    ...each('title description', string),
    ...each('deprecated readOnly writeOnly', off),
    default: true,
    examples: anything,
  })

const draft2020 = (): Shape => ({
  $schema: `${BASE}schema`,
  $id: `${BASE}schema`,
  $vocabulary: Object.fromEntries(VOCABULARY_NAMES.map((name) => [`${BASE}vocab/${name}`, true])),
  $dynamicAnchor: 'meta',
  allOf: VOCABULARY_NAMES.map((name) => ({ $ref: `meta/${name}` })),
  type: either,
  properties: {
    definitions: { ...record(schema), deprecated: true },
    dependencies: {
      ...record({ anyOf: [schema, { $ref: 'meta/validation#/$defs/stringArray' }] }),
      deprecated: true,
    },
    $recursiveAnchor: { $ref: 'meta/core#/$defs/anchorString', deprecated: true },
    $recursiveRef: { $ref: 'meta/core#/$defs/uriReferenceString', deprecated: true },
  },
})

const self = { $ref: '#' }
const old = (name: string): Shape => ({ $ref: `#/definitions/${name}` })

const draft07 = (): Shape => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'http://json-schema.org/draft-07/schema#',
  definitions: {
    schemaArray: { type: 'array', minItems: 1, items: self },
    nonNegativeInteger,
    nonNegativeIntegerDefault0: { allOf: [old('nonNegativeInteger'), { default: 0 }] },
    simpleTypes,
    stringArray,
  },
  type: either,
  properties: {
    ...each('$id $ref', { type: 'string', format: 'uri-reference' }),
    $schema: { type: 'string', format: 'uri' },
    ...each('$comment title description format contentMediaType contentEncoding', string),
    ...each('readOnly writeOnly', off),
    default: true,
    const: true,
    examples: anything,
    multipleOf: { type: 'number', exclusiveMinimum: 0 },
    ...each('maximum exclusiveMaximum minimum exclusiveMinimum', number),
    ...each('maxLength maxItems maxProperties', old('nonNegativeInteger')),
    ...each('minLength minItems minProperties', old('nonNegativeIntegerDefault0')),
    pattern: { type: 'string', format: 'regex' },
    ...each('additionalItems contains additionalProperties propertyNames if then else not', self),
    items: { anyOf: [self, old('schemaArray')], default: true },
    uniqueItems: off,
    required: old('stringArray'),
    ...each('definitions properties', record(self)),
    patternProperties: { ...record(self), propertyNames: { format: 'regex' } },
    dependencies: { type: 'object', additionalProperties: { anyOf: [self, old('stringArray')] } },
    enum: anything,
    type: {
      anyOf: [
        old('simpleTypes'),
        { type: 'array', items: old('simpleTypes'), minItems: 1, uniqueItems: true },
      ],
    },
    ...each('allOf anyOf oneOf', old('schemaArray')),
  },
  default: true,
})

function makeDocuments(): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    [`${BASE}schema`, draft2020()],
    core(),
    applicator(),
    validation(),
    metaData(),
    vocabulary('unevaluated', each('unevaluatedItems unevaluatedProperties', schema)),
    vocabulary('format-annotation', { format: string }),
    vocabulary('content', { ...each('contentEncoding contentMediaType', string), contentSchema: schema }),
    ['http://json-schema.org/draft-07/schema', draft07()],
  ])
}

/** Lifecycle: from the first question to the end of the process. */
let documents: ReadonlyMap<string, unknown> | undefined

function made(): ReadonlyMap<string, unknown> {
  documents ??= makeDocuments()
  return documents
}

/** The meta-schemas by URI. */
export const BUILT_IN: Pick<ReadonlyMap<string, unknown>, 'get' | 'size'> = {
  get: (uri) => made().get(uri),
  get size() {
    return made().size
  },
}
