/**
 * `npm run bench`: measures barewire, the floor (a bare node:http handler) and the servers people use today, side by
 * side, in one run on one machine.
 *
 * Contenders run in turn, round by round; figures are medians over rounds with their spread, comparisons are ratios
 * to the floor of the same round. Answers are checked before anything is timed. Parts are in parts/, contenders in
 * contenders/ and peers/, each with a header that says what it does.
 */

import { spawnSync } from 'node:child_process'
import { relative, resolve } from 'node:path'
import { BARS, judge } from './bars.ts'
import { CLIENTS } from './clients/index.ts'
import { CONTENDERS, type Contender, floorOf, isPeer, pick } from './contenders/index.ts'
import { type Arguments, parseArguments, USAGE } from './lib/arguments.ts'
import { type Base, baseNameOf, buildBase, compareWithBase } from './lib/base.ts'
import { Bench, isInstalled, type Part, versionsOf } from './lib/bench.ts'
import { type Build, build, ROOT } from './lib/build.ts'
import { busyWarning, describeMachine, machineLine } from './lib/machine.ts'
import { formatSeconds, Progress } from './lib/progress.ts'
import { Collector, type Results, writeResults } from './lib/results.ts'
import { printFigures } from './lib/table.ts'
import { PARTS, pickParts } from './parts/index.ts'
import { writeReport } from './report/render.ts'
import { parseUrlOptions, URL_USAGE } from './url/options.ts'
import { measureUrl } from './url/run.ts'

async function run(args: Arguments): Promise<boolean> {
  const parts = pickParts(PARTS, args.parts)
  const collector = new Collector()
  const contenders = pick(CONTENDERS, args.only).filter((contender) => {
    // A quick run shows that barewire and the harness work; for peers that takes being named.
    if (args.quick && args.only.length === 0 && isPeer(contender)) return false
    if (isInstalled(contender)) return true
    collector.note(`${contender.family} is not installed and is skipped: npm run bench:peers installs it`)
    return false
  })
  const machine = describeMachine(args.node)
  const busy = busyWarning(machine)
  if (busy !== undefined) collector.note(busy)
  console.log(machineLine(machine))
  for (const note of collector.notes) console.log(note)
  const began = performance.now()
  const date = new Date().toISOString()
  const built = await build()
  const base = args.base === undefined ? undefined : await buildBaseOrClean(args.base, built, contenders)
  if (base !== undefined) collector.note(`base is commit ${base.commit}, which was named as ${args.base}`)
  const everyone = withBase(contenders, base)
  const bench = new Bench({
    quick: args.quick,
    node: args.node,
    contenders: everyone,
    build: built,
    collector,
    maxOpenFiles: machine.maxOpenFiles,
  })
  try {
    await runParts(bench, parts)
  } finally {
    await bench.endPart()
    base?.remove()
    built.remove()
  }
  const seconds = (performance.now() - began) / 1000
  const results: Results = {
    machine,
    date,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).stdout.trim(),
    arguments: process.argv.slice(2),
    versions: versionsOf(contenders),
    seconds: Math.round(seconds),
    quick: args.quick,
    figures: collector.figures((name) => {
      const contender = everyone.find((each) => each.name === name)
      return contender === undefined ? 'floor' : floorOf(contender)
    }),
    notes: collector.notes,
  }
  const file = resolve(ROOT, args.out)
  writeResults(file, results)
  printFigures(results)
  if (base !== undefined) console.log(['', ...compareWithBase(results.figures)].join('\n'))
  const report = relative(ROOT, await writeReport(file, results))
  console.log(`\n${formatSeconds(seconds)}; ${args.out}, ${report}`)
  const met = !args.check || check(results, parts)
  for (const failure of bench.failures) console.error(`FAILED ${failure}`)
  return bench.failures.length === 0 && met
}

async function buildBaseOrClean(ref: string, built: Build, contenders: readonly Contender[]): Promise<Base> {
  try {
    return await buildBase(ref, built, contenders)
  } catch (error) {
    built.remove()
    throw error
  }
}

/** Each base contender right behind the one that it is compared with, so that a round has them as neighbours. */
function withBase(contenders: readonly Contender[], base: Base | undefined): Contender[] {
  return contenders.flatMap((each) => [
    each,
    ...(base?.contenders.filter(({ name }) => name === baseNameOf(each.name)) ?? []),
  ])
}

/** Prints a verdict on each bar of the parts that ran. @returns whether none was missed */
function check(results: Results, parts: readonly Part[]): boolean {
  const verdicts = judge(
    results,
    BARS,
    [...CONTENDERS, ...CLIENTS],
    parts.map(({ name }) => name),
  )
  console.log('')
  for (const { outcome, text } of verdicts) {
    const mark = outcome === 'met' ? 'met   ' : outcome === 'missed' ? 'MISSED' : 'open  '
    console.log(`${mark} ${text}`)
  }
  // A bar without a figure is not met: a part of ours that failed must not pass. Absent peers are another matter.
  return verdicts.every(
    ({ outcome, bar: { against } }) =>
      outcome === 'met' || (outcome === 'open' && typeof against === 'object' && 'families' in against),
  )
}

async function runParts(bench: Bench, parts: readonly Part[]): Promise<void> {
  const plans = parts.map((part) => {
    const steps = part.plan(bench)
    return { name: part.name, steps, seconds: steps.reduce((sum, step) => sum + step.seconds, 0) }
  })
  const total = plans.reduce((sum, { seconds }) => sum + seconds, 0)
  const progress = new Progress(total)
  const list = plans.map(({ name, seconds }) => `${name} ${formatSeconds(seconds)}`)
  console.log(`about ${formatSeconds(total)}: ${list.join(', ')}`)
  const taken: string[] = []
  for (const { name, steps, seconds } of plans) {
    const began = performance.now()
    for (const step of steps) {
      progress.begin(step.label)
      await step.run()
      progress.end(step.seconds)
    }
    await bench.endPart()
    const real = (performance.now() - began) / 1000
    taken.push(`${name} ${formatSeconds(real)} of ${formatSeconds(seconds)}`)
  }
  progress.finish()
  console.log(`taken of planned time: ${taken.join(', ')}`)
}

try {
  const argv = process.argv.slice(2)
  if (argv.includes('--url')) {
    if (argv.length === 1 || argv.includes('--help')) process.stdout.write(URL_USAGE)
    else await measureUrl(parseUrlOptions(argv))
    process.exit()
  }
  const args = parseArguments(argv)
  if (args.help) process.stdout.write(USAGE)
  else if (!(await run(args))) process.exitCode = 1
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
