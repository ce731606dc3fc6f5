/**
 * Writes the source of a program that registers many tools, to measure what their types cost.
 *
 * The schemas have the shapes that real servers use: flat ones, nested ones, enums, arrays of objects, unions,
 * `$defs` with recursion, tuples, output schemas. Each tool has property names of its own, so that no type of
 * one tool is a type of another. The handlers use their arguments, and wrong uses are marked
 * `@ts-expect-error`, so that a type that fell back to `any` is an error.
 */

type Template = (n: number) => string

const flat: Template = (n) => `
server.registerTool('search_issues_${n}', {
  description: 'Search issues and pull requests',
  inputSchema: {
    type: 'object',
    properties: {
      query_${n}: { type: 'string', minLength: 1, maxLength: 256, description: 'Search text' },
      state_${n}: { type: 'string', enum: ['open', 'closed', 'all'], default: 'open' },
      sort: { type: 'string', enum: ['created', 'updated', 'comments'] },
      page: { type: 'integer', minimum: 1, default: 1 },
      perPage: { type: 'integer', minimum: 1, maximum: 100 },
      archived: { type: 'boolean' },
    },
    required: ['query_${n}'],
    additionalProperties: false,
  },
}, ({ query_${n}, state_${n}, page }) => {
  const state: 'open' | 'closed' | 'all' | undefined = state_${n}
  return \`\${query_${n}.trim()} \${state ?? 'open'} \${(page ?? 1).toFixed()}\`
})
`

const nested: Template = (n) => `
server.registerTool('create_event_${n}', {
  title: 'Create an event',
  inputSchema: {
    type: 'object',
    properties: {
      title: { type: 'string' },
      when_${n}: {
        type: 'object',
        properties: {
          start: { type: 'string', format: 'date-time' },
          end: { type: 'string', format: 'date-time' },
          zone_${n}: { type: ['string', 'null'] },
        },
        required: ['start', 'end'],
      },
      place: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          point_${n}: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }], minItems: 2, maxItems: 2 },
        },
        required: ['name'],
      },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
    required: ['title', 'when_${n}'],
  },
}, async ({ title, when_${n}, place, labels }) => {
  const point: [number, number] | undefined = place?.point_${n}
  // @ts-expect-error the zone may be null or absent
  when_${n}.zone_${n}.length
  return \`\${title} \${when_${n}.start.length} \${point?.[0].toFixed()} \${labels?.['a']?.length}\`
})
`

const rows: Template = (n) => `
server.registerTool('import_rows_${n}', {
  inputSchema: {
    type: 'object',
    properties: {
      table_${n}: { type: 'string', pattern: '^[a-z_]+$' },
      rows: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          properties: {
            id_${n}: { type: 'integer' },
            name: { type: 'string' },
            price: { type: 'number', minimum: 0 },
            tags: { type: 'array', items: { type: 'string' }, uniqueItems: true },
            status: { type: 'string', enum: ['new', 'sold', 'gone_${n}'] },
          },
          required: ['id_${n}', 'name', 'price'],
        },
      },
      mode: { const: 'append' },
    },
    required: ['table_${n}', 'rows'],
  },
  outputSchema: {
    type: 'object',
    properties: { written_${n}: { type: 'integer' }, skipped: { type: 'array', items: { type: 'integer' } } },
    required: ['written_${n}'],
  },
}, ({ rows }) => ({
  structuredContent: {
    written_${n}: rows.reduce((sum, row) => sum + row.price, 0),
    skipped: rows.filter((row) => row.status === 'gone_${n}').map((row) => row.id_${n}),
  },
}))
`

const union: Template = (n) => `
server.registerTool('notify_${n}', {
  inputSchema: {
    type: 'object',
    properties: {
      target: {
        oneOf: [
          { type: 'object', properties: { kind: { const: 'email' }, address_${n}: { type: 'string' } }, required: ['kind', 'address_${n}'] },
          { type: 'object', properties: { kind: { const: 'sms' }, phone_${n}: { type: 'string' } }, required: ['kind', 'phone_${n}'] },
          { type: 'object', properties: { kind: { const: 'none' } }, required: ['kind'] },
        ],
      },
      priority_${n}: { anyOf: [{ type: 'integer' }, { type: 'string', enum: ['low', 'high'] }] },
    },
    required: ['target'],
  },
}, ({ target, priority_${n} }) => {
  const priority: number | 'low' | 'high' | undefined = priority_${n}
  // @ts-expect-error only the branch of sms has a phone
  if (target.kind === 'email') return target.phone_${n}
  return target.kind === 'sms' ? target.phone_${n}.trim() : String(priority)
})
`

const references: Template = (n) => `
server.registerTool('query_tree_${n}', {
  inputSchema: {
    type: 'object',
    properties: { filter: { $ref: '#/$defs/filter_${n}' }, range: { $ref: '#/$defs/range' } },
    required: ['filter'],
    $defs: {
      range: { type: 'object', properties: { from: { type: 'number' }, to: { type: 'number' } }, required: ['from'] },
      filter_${n}: {
        type: 'object',
        properties: {
          field_${n}: { type: 'string' },
          op: { enum: ['eq', 'lt', 'gt', 'in'] },
          value: { anyOf: [{ type: ['string', 'number', 'null'] }, { type: 'array', items: { type: 'string' } }] },
          and: { type: 'array', items: { $ref: '#/$defs/filter_${n}' } },
        },
        required: ['field_${n}', 'op'],
      },
    },
  },
  outputSchema: {
    type: 'object',
    properties: {
      hits_${n}: {
        type: 'array',
        items: { type: 'object', properties: { id: { type: 'string' }, score: { type: 'number' } }, required: ['id'] },
      },
    },
    required: ['hits_${n}'],
  },
}, ({ filter, range }) => {
  const deep: string | undefined = filter.and?.[0]?.and?.[0]?.field_${n}
  return { structuredContent: { hits_${n}: [{ id: deep ?? filter.op, score: range?.from ?? 0 }] } }
})
`

const extended: Template = (n) => `
server.registerTool('update_user_${n}', {
  inputSchema: {
    type: 'object',
    allOf: [
      { type: 'object', properties: { id_${n}: { type: 'string' } }, required: ['id_${n}'] },
      { type: 'object', properties: { email: { type: 'string', format: 'email' }, age_${n}: { type: 'integer' } } },
    ],
    properties: { dryRun: { type: 'boolean', default: false }, email: { type: 'string' }, phone: { type: 'string' } },
    anyOf: [{ required: ['email'] }, { required: ['phone'] }],
  },
}, (args) => {
  const age: number | undefined = args.age_${n}
  // @ts-expect-error the id is a string
  args.id_${n} satisfies number
  return [{ type: 'text', text: \`\${args.id_${n}.trim()} \${age} \${args.dryRun === true}\` }]
})
`

const wrong: Template = (n) => `
server.registerTool('get_report_${n}', {
  outputSchema: {
    type: 'object',
    properties: { total_${n}: { type: 'number' }, unit: { enum: ['day', 'week'] } },
    required: ['total_${n}', 'unit'],
  },
  // @ts-expect-error the total is a number
}, () => ({ structuredContent: { total_${n}: 'many', unit: 'day' } }))
`

const TEMPLATES: readonly Template[] = [flat, nested, rows, union, references, extended, wrong]

/**
 * @param count - the number of tools
 * @param serverModule - what the program imports `McpServer` from
 */
export function programWithTools(count: number, serverModule: string): string {
  let program = `import { McpServer } from ${JSON.stringify(serverModule)}\n\n`
  program += `export const server = new McpServer({ name: 'many-tools', version: '1.0.0' })\n`
  for (let n = 0; n < count; n++) program += TEMPLATES[n % TEMPLATES.length]?.(n) ?? ''
  return program
}
