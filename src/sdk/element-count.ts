/** How many array elements and object members a value has, counted no further than a limit. */
export function measureValue(value: unknown, limit: number): number {
  let count = 0
  const open = [value]
  while (open.length > 0 && count <= limit) {
    const next = open.pop()
    if (typeof next !== 'object' || next === null) continue
    for (const member of Object.values(next)) {
      count += 1
      open.push(member)
    }
  }
  return count
}
