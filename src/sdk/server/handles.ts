/** Handles: what registering returns. A program changes an entry through it, or removes it. */

interface Handle {
  enabled: boolean
}

/** By the name of an update: the member that it changes, and its value there. */
type Conversions = { readonly [name: string]: (value: unknown) => readonly [member: string, value: unknown] }

/**
 * Registers an entry.
 *
 * @param members - of the entry
 * @param conversions - of updates that are not members as they are
 * @param onChange - called after each change
 * @param keyName - the update that gives the entry another key; null removes it
 */
export function handleOf<T extends Handle>(
  registry: Map<string, T>,
  key: string,
  members: object,
  conversions: Conversions,
  onChange: () => void,
  keyName = 'name',
): T {
  let current: string | null = key
  const update = (updates: { readonly [name: string]: unknown }): void => {
    for (const [name, value] of Object.entries(updates)) {
      if (value === undefined) continue
      if (name === keyName) {
        if (value === current) continue
        if (current !== null) registry.delete(current)
        current = value as string | null
        if (current !== null) registry.set(current, entry)
      } else {
        const [member, converted] = conversions[name]?.(value) ?? [name, value]
        Object.assign(entry, { [member]: converted })
      }
    }
    onChange()
  }
  const entry = {
    ...members,
    enabled: true,
    enable: () => update({ enabled: true }),
    disable: () => update({ enabled: false }),
    remove: () => update({ [keyName]: null }),
    update,
  } as unknown as T
  registry.set(key, entry)
  return entry
}
