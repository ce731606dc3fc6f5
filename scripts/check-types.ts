/**
 * `npm run check-types [-- --all version...]`: what users write (lib/consumers.ts), and programs for the official SDK
 * (lib/sdk-programs.ts), compiled by the versions of TypeScript that they have: by the newest, which is the quickest,
 * under all combinations of flags; by the others under a choice of them, unless `--all` is given. `npm test --
 * --all` has that choice for the project's own version, which is compiled here when it is named: `own`.
 *
 * They live in test/types/compilers/ with a lock file of their own. A version is what its name there ends in, as 5.5.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Consumers, moduleKinds } from './lib/consumers.ts'
import { installApart } from './lib/install-apart.ts'
import { compileSdkPrograms } from './lib/sdk-programs.ts'

const home = fileURLToPath(new URL('../test/types/compilers', import.meta.url))
const ownCompiler = fileURLToPath(new URL('../node_modules/typescript', import.meta.url))
const { devDependencies } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'))
const OWN = 'own'
const others = Object.keys(devDependencies).map((name) => name.slice('typescript-'.length))
const known = [OWN, ...others]
const isAll = process.argv.includes('--all')
const asked = process.argv.slice(2).filter((argument) => argument !== '--all')
const stranger = asked.find((version) => !known.includes(version))
if (stranger !== undefined) {
  console.error(`unknown version ${stranger}, expected one of: ${known.join(', ')}`)
  process.exit(1)
}

const consumers = await Consumers.create()
try {
  for (const version of asked.length > 0 ? asked : others) await check(version)
} finally {
  consumers.remove()
}

async function check(version: string): Promise<void> {
  const isOwn = version === OWN
  const folder = isOwn ? ownCompiler : await installApart(home, `typescript-${version}`)
  const compiler = join(folder, 'bin', 'tsc')
  const { version: full } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const major = Number.parseInt(full, 10)
  const waiting = [...moduleKinds(major)]
  const complaints: string[] = []
  const work = async () => {
    for (let kind = waiting.shift(); kind !== undefined; kind = waiting.shift()) {
      complaints.push(
        ...(await consumers.compile(compiler, major, kind, !isAll && version !== others.at(-1))),
      )
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  complaints.push(...(await compileSdkPrograms(consumers.home, compiler)))
  if (complaints.length === 0) console.log(`TypeScript ${full}: everything compiles`)
  else {
    console.error(`TypeScript ${full}:\n${complaints.join('\n')}`)
    process.exitCode = 1
  }
}
