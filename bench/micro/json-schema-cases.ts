/**
 * Ten tool schemas as servers publish them, with values that meet them and values that do not.
 *
 * Data only; json-schema.bench.ts checks all validators against it before it times them.
 */

export interface Case {
  readonly name: string
  readonly schema: Readonly<Record<string, unknown>>
  readonly valid: readonly unknown[]
  readonly invalid: readonly unknown[]
}

const string = { type: 'string' }
const integer = { type: 'integer' }

const range = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

const weather = {
  type: 'object',
  properties: {
    city: { type: 'string', minLength: 1 },
    units: { type: 'string', enum: ['metric', 'imperial'] },
    days: { type: 'integer', minimum: 1, maximum: 14 },
  },
  required: ['city'],
}

const search = {
  type: 'object',
  properties: {
    pattern: string,
    path: string,
    glob: string,
    outputMode: { type: 'string', enum: ['content', 'files', 'count'] },
    ignoreCase: { type: 'boolean' },
    multiline: { type: 'boolean' },
    before: { type: 'integer', minimum: 0 },
    after: { type: 'integer', minimum: 0 },
    limit: { type: 'integer', minimum: 1, maximum: 10_000 },
  },
  required: ['pattern'],
  additionalProperties: false,
}

const issue = {
  type: 'object',
  properties: {
    owner: { type: 'string', pattern: '^[A-Za-z0-9-]+$' },
    repo: string,
    title: { type: 'string', minLength: 1, maxLength: 256 },
    body: string,
    labels: { type: 'array', items: string, maxItems: 20 },
    assignees: { type: 'array', items: string },
    milestone: integer,
  },
  required: ['owner', 'repo', 'title'],
}

const order = {
  type: 'object',
  properties: {
    customer: {
      type: 'object',
      properties: {
        name: string,
        email: string,
        address: {
          type: 'object',
          properties: {
            street: string,
            city: string,
            zip: string,
            country: { type: 'string', minLength: 2, maxLength: 2 },
          },
          required: ['street', 'city', 'country'],
        },
      },
      required: ['name', 'address'],
    },
    payment: {
      type: 'object',
      properties: { method: { enum: ['card', 'invoice'] }, amount: { type: 'number', exclusiveMinimum: 0 } },
      required: ['method', 'amount'],
    },
    express: { type: 'boolean' },
  },
  required: ['customer', 'payment'],
}
const orderValue = (name: string) => ({
  customer: {
    name,
    email: 'a@example.com',
    address: { street: 'Main 1', city: 'Bern', zip: '3000', country: 'CH' },
  },
  payment: { method: 'card', amount: 12.5 },
  express: true,
})

const rowsSchema = {
  type: 'object',
  properties: {
    table: string,
    rows: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          id: integer,
          name: string,
          score: { type: 'number' },
          active: { type: 'boolean' },
          note: string,
        },
        required: ['id', 'name'],
      },
    },
  },
  required: ['table', 'rows'],
}
const rowsValue = (table: string) => ({
  table,
  rows: range(100, (i) => ({ id: i, name: `row ${i}`, score: i / 3, active: i % 2 === 0 })),
})

const pixels = {
  type: 'object',
  properties: {
    width: { type: 'integer', minimum: 1 },
    values: { type: 'array', items: { type: 'number', minimum: 0, maximum: 1 } },
  },
  required: ['width', 'values'],
}

const shape = {
  type: 'object',
  properties: {
    shapes: {
      type: 'array',
      items: {
        anyOf: [
          {
            type: 'object',
            properties: { kind: { const: 'circle' }, radius: { type: 'number' } },
            required: ['kind', 'radius'],
          },
          {
            type: 'object',
            properties: {
              kind: { const: 'rectangle' },
              width: { type: 'number' },
              height: { type: 'number' },
            },
            required: ['kind', 'width', 'height'],
          },
          {
            type: 'object',
            properties: {
              kind: { const: 'text' },
              text: string,
              size: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
            },
            required: ['kind', 'text'],
          },
        ],
      },
    },
  },
  required: ['shapes'],
}
const shapesValue = (text: string) => ({
  shapes: range(10, (i) =>
    [
      { kind: 'circle', radius: i },
      { kind: 'rectangle', width: 1, height: i },
      { kind: 'text', text, size: i === 2 ? 4 : null },
    ].at(i % 3),
  ),
})

const zodLike = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    query: string,
    filter: {
      anyOf: [
        { type: 'object', properties: { since: string, until: string }, additionalProperties: false },
        { type: 'null' },
      ],
    },
    page: { anyOf: [integer, string] },
    sort: { type: 'string', enum: ['asc', 'desc'] },
  },
  required: ['query', 'filter', 'page'],
  additionalProperties: false,
}

const message = {
  type: 'object',
  $defs: {
    id: { type: 'string', minLength: 3 },
    person: {
      type: 'object',
      properties: { id: { $ref: '#/$defs/id' }, name: string },
      required: ['id'],
    },
    attachment: {
      type: 'object',
      properties: { id: { $ref: '#/$defs/id' }, mime: string, size: { type: 'integer', minimum: 0 } },
      required: ['id', 'mime'],
    },
  },
  properties: {
    from: { $ref: '#/$defs/person' },
    to: { type: 'array', items: { $ref: '#/$defs/person' }, minItems: 1 },
    text: string,
    attachments: { type: 'array', items: { $ref: '#/$defs/attachment' } },
  },
  required: ['from', 'to', 'text'],
}
const messageValue = (text: string) => ({
  from: { id: 'p-1', name: 'Ada' },
  to: [{ id: 'p-2', name: 'Bob' }, { id: 'p-3' }],
  text,
  attachments: range(3, (i) => ({ id: `f-${i}`, mime: 'text/plain', size: i })),
})

const tree = {
  type: 'object',
  $defs: {
    node: {
      type: 'object',
      properties: {
        name: string,
        size: integer,
        children: { type: 'array', items: { $ref: '#/$defs/node' } },
      },
      required: ['name'],
    },
  },
  properties: { root: { $ref: '#/$defs/node' } },
  required: ['root'],
}
const branch = (depth: number): object =>
  depth === 0 ? { name: 'leaf', size: 1 } : { name: 'branch', children: range(3, () => branch(depth - 1)) }

export const CASES: readonly Case[] = [
  {
    name: 'flat: weather',
    schema: weather,
    valid: [
      { city: 'Bern', units: 'metric', days: 3 },
      { city: 'Oslo' },
      { units: 'imperial', city: 'Rome' },
    ],
    invalid: [{}, { city: '' }, { city: 'Bern', days: 15 }, { city: 'Bern', units: 'kelvin' }, 'Bern'],
  },
  {
    name: 'flat: search, closed',
    schema: search,
    valid: [
      {
        pattern: 'TODO',
        path: 'src',
        glob: '*.ts',
        outputMode: 'content',
        ignoreCase: true,
        before: 2,
        limit: 50,
      },
      { pattern: 'x', outputMode: 'files', multiline: false },
    ],
    invalid: [{ path: 'src' }, { pattern: 'x', colour: true }, { pattern: 'x', limit: 0 }],
  },
  {
    name: 'flat: issue',
    schema: issue,
    valid: [
      {
        owner: 'some-one',
        repo: 'thing',
        title: 'It breaks',
        body: 'When I click',
        labels: ['bug', 'ui'],
        assignees: ['me'],
      },
      { owner: 'you', repo: 'r', title: 'Idea', milestone: 3 },
    ],
    invalid: [
      { owner: 'a b', repo: 'r', title: 't' },
      { owner: 'a', repo: 'r', title: '' },
      { owner: 'a', repo: 'r', title: 't', labels: [1] },
    ],
  },
  {
    name: 'nested: order',
    schema: order,
    valid: [orderValue('Ada'), orderValue('Bob')],
    invalid: [{}, { ...orderValue('Ada'), payment: { method: 'card', amount: 0 } }],
  },
  {
    name: 'array: 100 objects',
    schema: rowsSchema,
    valid: [rowsValue('a'), rowsValue('b')],
    invalid: [
      { table: 'a', rows: [{ id: 1 }] },
      { table: 'a', rows: [{ id: 1.5, name: 'x' }] },
    ],
  },
  {
    name: 'array: 500 numbers',
    schema: pixels,
    valid: [{ width: 10, values: range(500, (i) => i / 500) }],
    invalid: [{ width: 10, values: [2] }],
  },
  {
    name: 'anyOf: shapes',
    schema: shape,
    valid: [shapesValue('a'), shapesValue('b')],
    invalid: [{ shapes: [{ kind: 'circle' }] }, { shapes: [{ kind: 'star' }] }],
  },
  {
    name: 'anyOf: nullable',
    schema: zodLike,
    valid: [
      { query: 'q', filter: null, page: 1 },
      { query: 'q', filter: { since: '2026' }, page: 'next', sort: 'asc' },
    ],
    invalid: [
      { query: 'q', filter: 1, page: 1 },
      { query: 'q', filter: { from: 'x' }, page: 1 },
      { query: 'q', filter: null, page: true },
    ],
  },
  {
    name: '$defs: message',
    schema: message,
    valid: [messageValue('hello'), messageValue('bye')],
    invalid: [
      { ...messageValue('x'), to: [] },
      { ...messageValue('x'), from: { id: 'p' } },
    ],
  },
  {
    name: '$defs: recursive tree',
    schema: tree,
    valid: [{ root: branch(3) }],
    invalid: [{ root: { name: 'a', children: [{ size: 1 }] } }],
  },
]
