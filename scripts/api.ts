/**
 * `npm run api`: prints how the public API differs from the committed listing, test/package/api.txt.
 * `npm run api -- --write`: the change is meant.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { findUnnamable, listApis } from './lib/api-listing.ts'
import { readPublicApis } from './lib/declarations.ts'

const path = fileURLToPath(new URL('../test/package/api.txt', import.meta.url))
const apis = readPublicApis()
const listing = listApis(apis)
if (process.argv.includes('--write')) {
  writeFileSync(path, listing)
} else {
  const before = new Set(readFileSync(path, 'utf8').split('\n'))
  const now = new Set(listing.split('\n'))
  for (const line of before) if (!now.has(line)) console.log(`- ${line}`)
  for (const line of now) if (!before.has(line)) console.log(`+ ${line}`)
}
const [core] = apis.values()
for (const api of apis.values()) for (const fault of findUnnamable(api, core)) console.error(fault)
