/**
 * Types of the variables of a URI template, read from its literal. Types only.
 *
 * Spec: RFC 6570.
 */

import type { UriVariables } from './uri-template-match.ts'

/**
 * What a handler of a template gets: a text for each variable, a list for an exploded one (`{path*}`); those of a query
 * (`{?a,b}`) may be absent. Of a template that is not known as a literal: texts or lists by name.
 *
 * @example
 * ```ts
 * type V = UriVariablesOf<'notes://{folder}/{+path}{?version}'>
 * //   { folder: string; path: string; version?: string }
 * ```
 */
export type UriVariablesOf<Template extends string> = string extends Template
  ? UriVariables
  : OneObject<Expressions<Template>>

type Expressions<T> = T extends `${string}{${infer E}}${infer Rest}`
  ? Expression<E> & Expressions<Rest>
  : unknown

type Expression<E> = E extends `${'?' | '&'}${infer Names}`
  ? Partial<Variables<Names>>
  : E extends `${'+' | '#' | '.' | '/' | ';'}${infer Names}`
    ? Variables<Names>
    : Variables<E>

type Variables<Names> = Names extends `${infer First},${infer Rest}`
  ? Variable<First> & Variables<Rest>
  : Variable<Names>

type Variable<V> = V extends `${infer Name}*`
  ? { [K in Name]: string[] }
  : V extends `${infer Name}:${string}`
    ? { [K in Name]: string }
    : { [K in V & string]: string }

/** As one object type, as editors should show it. */
type OneObject<T> = { [K in keyof T]: T[K] }
