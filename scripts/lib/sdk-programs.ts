/**
 * Compiles programs that are written for the official SDK (test/sdk/types/) against it, and against barewire/sdk: what
 * compiles there compiles here.
 */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const programs = join(root, 'test', 'sdk', 'types')
const LIBRARIES = ['@modelcontextprotocol/sdk', 'barewire/sdk']
/** Where their types are found; `strict` is what the SDK asks for. */
const OPTIONS = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
]

/**
 * @param home - where the package is installed (consumers.ts)
 * @param compiler - the path of `tsc`
 * @returns what it complains of
 */
export async function compileSdkPrograms(home: string, compiler: string): Promise<readonly string[]> {
  prepare(home)
  const complaints: string[] = []
  for (const library of LIBRARIES) {
    for (const [index, modules] of OPTIONS.entries()) {
      const folder = join(home, 'sdk-programs', library.replaceAll('/', '-'))
      const project = join(folder, `tsconfig.${index}.json`)
      const compilerOptions = {
        ...modules,
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        target: 'es2022',
        types: ['node'],
      }
      writeFileSync(project, JSON.stringify({ compilerOptions, include: ['*.ts'] }))
      const { code, stdout, stderr } = await run(process.execPath, [compiler, '-p', project], { cwd: folder })
      if (code !== 0) complaints.push(`${library}, ${JSON.stringify(modules)}:\n${stdout}${stderr}`)
    }
  }
  return complaints
}

function prepare(home: string): void {
  for (const library of LIBRARIES) {
    const folder = join(home, 'sdk-programs', library.replaceAll('/', '-'))
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    for (const name of readdirSync(programs)) {
      const text = readFileSync(join(programs, name), 'utf8')
      writeFileSync(join(folder, name), text.replaceAll('@modelcontextprotocol/sdk/', `${library}/`))
    }
  }
  try {
    symlinkSync(
      join(root, 'node_modules', '@modelcontextprotocol'),
      join(home, 'node_modules', '@modelcontextprotocol'),
    )
  } catch (error) {
    // Of an earlier version.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}
