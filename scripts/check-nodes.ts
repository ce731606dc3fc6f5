/**
 * `npm run check-nodes [-- major...]`: the tests on the other Node versions we promise to work on. On each, what `npm
 * test` runs; on the newest all tests, without what is the same whichever Node runs it: compiler and build, and what other
 * programs (browsers, proxies, bridges, platforms, published servers) see of the bytes on the wire. The oldest is the one
 * on which `npm test -- --all` runs everything.
 *
 * Each version's own summary is printed; on failure its whole output is. Without arguments: every promised
 * version but the one that runs this script, which `npm test` covers. A version that is named runs what the newest does.
 */
import { fileURLToPath } from 'node:url'
import { run } from './lib/child.ts'
import { findNode, ownMajor } from './lib/find-node.ts'

const PROMISED = [20, 22, 24, 26]
const WITHOUT = [
  ...['types/', 'browser/', 'proxies/', 'client/browser.', 'package/lazy-parts.'],
  ...['interop/bridge.', 'interop/lambda.', 'interop/next.', 'interop/published.', 'interop/workerd.'],
  ...['sdk/examples.', 'sdk/guides.'],
].map((part) => `--without=test/${part}`)
const root = fileURLToPath(new URL('..', import.meta.url))
const asked = process.argv.slice(2).map(Number)
if (asked.some((major) => !Number.isInteger(major))) {
  console.error(`expected major versions such as 22, got: ${process.argv.slice(2).join(' ')}`)
  process.exit(1)
}

for (const major of asked.length > 0 ? asked : PROMISED.filter((promised) => promised !== ownMajor)) {
  const isWhole = asked.length > 0 || major === PROMISED.at(-1)
  const args = ['--import', 'tsx', 'scripts/test.ts', ...(isWhole ? ['--all', ...WITHOUT] : [])]
  const { code, stdout, stderr } = await run(await findNode(major), args, { cwd: root })
  if (code === 0) {
    const counts = stdout.match(/^. (tests|pass|fail|skipped) \d+$/gm) ?? ['no summary']
    console.log(`Node ${major}: ${counts.map((line) => line.slice(2)).join(', ')}`)
  } else {
    console.error(`${stdout}${stderr}\nNode ${major}: the tests ended with exit code ${code}`)
    process.exitCode = 1
  }
}
