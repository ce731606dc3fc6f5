/** How a test starts one of the project's TypeScript programs as a process of its own. */
import { fileURLToPath } from 'node:url'

/**
 * What node needs in front of the program: under `npm test` the files that are transpiled already, which start in a
 * third of the time; tsx for a test file that is run by hand.
 */
export const typescript: readonly string[] = [
  '--import',
  process.env['TRANSPILED_SOURCES'] === undefined
    ? 'tsx'
    : fileURLToPath(new URL('../../scripts/lib/transpiled-loader.mjs', import.meta.url)),
]
