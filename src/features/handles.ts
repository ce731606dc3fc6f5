/**
 * Handles: what a `register` call returns, to change the entry while the server runs.
 *
 * An update has new values for some of the options, and perhaps a new handler; options that are absent or undefined in it
 * are kept. It is all or nothing: an update that is refused changes nothing. Running calls keep their handler.
 */

import { isObject } from '../bounds/is-object.ts'
import { kindOf } from '../bounds/quote.ts'
import type { Members } from '../dispatch/shape.ts'
import type { SchemaLike } from '../json-schema/adapter/standard-schema.ts'
import type { PromptConfig, PromptHandler } from './prompts.ts'
import type { Entry, Registry } from './registry.ts'
import type { ToolConfig, ToolHandler } from './tools.ts'

/** What a `register` call returns: changes the entry while the server runs. Clients are notified when a list changes. */
export interface Handle<Changes> {
  /** As it was registered. */
  readonly name: string
  /** Whether clients see the entry. */
  readonly enabled: boolean
  /** Replaces the given members of the configuration, and the handler; absent and undefined ones are kept. */
  update(changes: Changes): void
  /** Shows the entry again. */
  enable(): void
  /** Hides the entry: it is not listed, and asking for it fails as if it did not exist. */
  disable(): void
  /** Removes the entry for good; its name can be used again. */
  remove(): void
}

/** Options that an update may change, with a handler for what they then say. */
export type ConfigChanges<Config, Handler> = Partial<Config> & { readonly handler?: Handler | undefined }

/** The schema after an update that gives `New`; without `strictNullChecks` everything takes `undefined`, `void` does not. */
type After<New, Old> = [New] extends [undefined]
  ? Old
  : // biome-ignore lint/suspicious/noConfusingVoidType: it is the type that nothing but itself takes
    (undefined extends 0 ? void : undefined) extends New
    ? Old
    : New

/** What changes of a tool; the handler gets what the schemas say after it. */
export type ToolChanges<
  Input,
  Output,
  NewInput extends SchemaLike | undefined,
  NewOutput extends SchemaLike | undefined,
> = ConfigChanges<
  ToolConfig<NewInput, NewOutput>,
  ToolHandler<After<NewInput, Input>, After<NewOutput, Output>>
>

/** What changes of a prompt; the handler gets what the schema says after it. */
export type PromptChanges<Args, NewArgs extends SchemaLike | undefined> = ConfigChanges<
  PromptConfig<NewArgs>,
  PromptHandler<After<NewArgs, Args>>
>

export interface ToolHandle<Input extends SchemaLike | undefined, Output extends SchemaLike | undefined>
  extends Handle<Partial<ToolConfig>> {
  update<
    const NewInput extends SchemaLike | undefined = Input,
    const NewOutput extends SchemaLike | undefined = Output,
  >(changes: ToolChanges<Input, Output, NewInput, NewOutput>): void
}

export interface PromptHandle<Args extends SchemaLike | undefined> extends Handle<Partial<PromptConfig>> {
  update<const NewArgs extends SchemaLike | undefined = Args>(changes: PromptChanges<Args, NewArgs>): void
}

interface Configured<Config, Handler> extends Entry {
  readonly name?: string | undefined
  readonly use: string
  readonly config: Config
  readonly handler: Handler
}

/** Adds an entry. @param make - its successor, for an update */
export function register<E extends Configured<object, unknown>>(
  registry: Registry<E>,
  first: E,
  make: (config: E['config'], handler: E['handler'], previous: E) => E,
): Handle<never> {
  registry.add(first)
  let entry = first
  return {
    name: first.name ?? first.key,
    get enabled() {
      return entry.enabled
    },
    update(changes: Members) {
      if (!isObject(changes)) {
        throw new TypeError(`${entry.use}: update() needs an object; got ${kindOf(changes)}`)
      }
      const { handler = entry.handler, ...given } = changes
      const next = make(updated(entry.config, given), handler, entry)
      next.enabled = entry.enabled
      registry.replace(entry, next)
      entry = next
    },
    enable: () => registry.enable(entry, true),
    disable: () => registry.enable(entry, false),
    remove: () => registry.delete(entry),
  }
}

function updated(config: object, given: Members): object {
  const settings: Record<string, unknown> = { ...config, ...given }
  for (const name of Object.keys(given))
    if (given[name] === undefined) settings[name] = (config as Members)[name]
  return settings
}
