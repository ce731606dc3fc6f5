/**
 * Forms, as a server asks the user to fill them in: a flat object of fields. The `type` of a field says which it is.
 *
 * Spec: elicitation {@link spec.elicitation}, "Requested Schema". Types only: how a form is checked is in questions.ts.
 */

/** One of several values, and what the user sees in its place. */
export interface FormChoice {
  readonly const: string
  readonly title: string
}

/** A text; or one of several, with `enum` or `oneOf`. */
export interface FormText {
  readonly type: 'string'
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly pattern?: string | undefined
  readonly format?: 'email' | 'uri' | 'date' | 'date-time' | undefined
  readonly enum?: readonly string[] | undefined
  /** What the user sees in place of the values of `enum`, in their order (before 2025-11-25). */
  readonly enumNames?: readonly string[] | undefined
  readonly oneOf?: readonly FormChoice[] | undefined
  readonly default?: string | undefined
}

export interface FormNumber {
  readonly type: 'number' | 'integer'
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly default?: number | undefined
}

export interface FormBoolean {
  readonly type: 'boolean'
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly default?: boolean | undefined
}

/** Any number of several values. */
export interface FormChoices {
  readonly type: 'array'
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly items: {
    readonly enum?: readonly string[] | undefined
    readonly anyOf?: readonly FormChoice[] | undefined
  }
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly default?: readonly string[] | undefined
}

export type FormField = FormText | FormNumber | FormBoolean | FormChoices

/** The `requestedSchema` of an elicitation. */
export interface FormSchema {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, FormField>>
  readonly required?: readonly string[] | undefined
}
