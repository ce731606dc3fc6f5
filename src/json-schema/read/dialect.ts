/**
 * Dialects: which keywords a schema has, by its `$schema`.
 *
 * Spec: core 2020-12, section 8.1. Known are 2020-12 (also the default), draft-07, and a custom
 * meta-schema among the given documents whose `$vocabulary` names known vocabularies.
 *
 * Not here: what keywords do (keywords-*.ts), finding a custom meta-schema (bundle.ts).
 */

import type { Keyword } from './keyword.ts'
import {
  APPLICATOR,
  additionalItems,
  CORE,
  legacyItems,
  SHARED_APPLICATOR,
  UNEVALUATED,
} from './keywords-applicator.ts'
import { CONTENT, FORMAT, META_DATA, SHARED_VALIDATION, VALIDATION } from './keywords-validation.ts'

export interface Dialect {
  readonly keywords: ReadonlyMap<string, Keyword>
  /** Draft-07: `$ref` hides its siblings, and `$id` may be a plain-name fragment. */
  readonly legacy: boolean
  /** Whether `format` asserts. */
  readonly assertFormat: boolean
}

const VOCABULARY = 'https://json-schema.org/draft/2020-12/vocab/'

const VOCABULARIES: ReadonlyMap<string, Readonly<Record<string, Keyword>>> = new Map([
  [`${VOCABULARY}core`, CORE],
  [`${VOCABULARY}applicator`, APPLICATOR],
  [`${VOCABULARY}unevaluated`, UNEVALUATED],
  [`${VOCABULARY}validation`, VALIDATION],
  [`${VOCABULARY}meta-data`, META_DATA],
  [`${VOCABULARY}format-annotation`, FORMAT],
  [`${VOCABULARY}format-assertion`, FORMAT],
  [`${VOCABULARY}content`, CONTENT],
])

export const DRAFT_2020_12: Dialect = {
  keywords: new Map(
    [CORE, APPLICATOR, UNEVALUATED, VALIDATION, META_DATA, FORMAT, CONTENT].flatMap((table) =>
      Object.entries(table),
    ),
  ),
  legacy: false,
  assertFormat: false,
}

function pick(table: Readonly<Record<string, Keyword>>, ...names: string[]): Array<[string, Keyword]> {
  return Object.entries(table).filter(([name]) => names.includes(name))
}

/** Draft-07 (draft-handrews-json-schema-01 and -validation-01). */
const DRAFT_07: Dialect = {
  keywords: new Map([
    ...pick(CORE, '$ref', '$comment'),
    ...Object.entries({ ...SHARED_APPLICATOR, ...SHARED_VALIDATION, ...FORMAT }),
    ['items', legacyItems],
    ['additionalItems', additionalItems],
    ...pick(META_DATA, 'title', 'description', 'default', 'readOnly', 'writeOnly', 'examples'),
    ...pick(CONTENT, 'contentEncoding', 'contentMediaType'),
  ]),
  legacy: true,
  assertFormat: false,
}

/** The known dialects by URI, without an empty fragment. */
export const DIALECTS: ReadonlyMap<string, Dialect> = new Map([
  ['https://json-schema.org/draft/2020-12/schema', DRAFT_2020_12],
  ['http://json-schema.org/draft-07/schema', DRAFT_07],
  ['https://json-schema.org/draft-07/schema', DRAFT_07],
])

/**
 * Makes the dialect of a custom meta-schema.
 *
 * @param vocabulary - its `$vocabulary`: vocabulary URIs, and whether each is required
 * @returns the dialect, or the URI of a required vocabulary that is not known
 */
export function fromVocabulary(vocabulary: Readonly<Record<string, unknown>>): Dialect | string {
  const keywords = new Map(Object.entries(CORE))
  for (const [uri, required] of Object.entries(vocabulary)) {
    const table = VOCABULARIES.get(uri)
    if (table === undefined && required === true) return uri
    for (const [name, keyword] of Object.entries(table ?? {})) keywords.set(name, keyword)
  }
  return { keywords, legacy: false, assertFormat: Object.hasOwn(vocabulary, `${VOCABULARY}format-assertion`) }
}
