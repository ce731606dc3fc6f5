/** What a process holds, once everything that nobody refers to is collected. */

export interface Memory {
  /** Live JavaScript objects after collection, in bytes. */
  readonly heap: number
  /** Buffers and other memory that belongs to objects of the heap, in bytes. */
  readonly external: number
  /** What the operating system has given to the process, in bytes. */
  readonly rss: number
}

/** Collects until the heap does not shrink any more: one collection leaves what finalizers and caches let go of. */
export async function liveMemory(): Promise<Memory> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('the process was started without --expose-gc')
  let last = Number.POSITIVE_INFINITY
  for (let i = 0; i < 12; i++) {
    gc()
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    const { heapUsed } = process.memoryUsage()
    if (i > 2 && last - heapUsed < 2048) break
    last = heapUsed
  }
  const { heapUsed, external, rss } = process.memoryUsage()
  return { heap: heapUsed, external, rss }
}
