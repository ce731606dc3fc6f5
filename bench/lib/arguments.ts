/** The command line of `npm run bench`. */

export interface Arguments {
  readonly parts: readonly string[]
  readonly quick: boolean
  readonly check: boolean
  readonly only: readonly string[]
  readonly node: string
  /** Commit to compare with. */
  readonly base: string | undefined
  /** Where the results go. */
  readonly out: string
  readonly help: boolean
}

export const USAGE = `npm run bench [-- PART... OPTIONS]

  PART            latency sessions connections streaming replay cluster start fetch stdio micro client
                  soak published; none: all but client, soak and published
  --quick         small numbers, one round: shows that everything works, in under two minutes;
                  without the peers, unless --only names them
  --only NAMES    contenders or families, with commas: barewire,floor
  --base REF      another commit of barewire takes part, as base; for a short answer with --only barewire
  --node PATH     run the servers on another Node
  --check         exit with an error and a list when a bar is missed
  --out FILE      where the results go (bench/results/latest.json)
  --url URL       measure another server from outside, --quick too; --url alone explains its options
`

/** @throws {TypeError} a wrong option, named */
export function parseArguments(argv: readonly string[]): Arguments {
  const parts: string[] = []
  const only: string[] = []
  let quick = false
  let check = false
  let help = false
  let node = process.execPath
  let base: string | undefined
  let out = 'bench/results/latest.json'
  for (let i = 0; i < argv.length; i++) {
    const arg = argv[i] as string
    const value = () => {
      const next = argv[++i]
      if (next === undefined || next.startsWith('--')) throw new TypeError(`${arg} needs a value`)
      return next
    }
    if (arg === '--quick') quick = true
    else if (arg === '--check') check = true
    else if (arg === '--help' || arg === '-h') help = true
    else if (arg === '--only') only.push(...value().split(',').filter(Boolean))
    else if (arg === '--node') node = value()
    else if (arg === '--base') base = value()
    else if (arg === '--out') out = value()
    else if (arg.startsWith('-')) throw new TypeError(`there is no option ${JSON.stringify(arg)}`)
    else parts.push(arg)
  }
  if (quick && check) {
    throw new TypeError('--check needs a whole run: the figures of --quick are of one round and mean nothing')
  }
  return { parts, quick, check, only, node, base, out, help }
}
