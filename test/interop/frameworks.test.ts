/** The handler in frameworks and adapters, which `npm run interop` installs; skipped where they are not. */

import { existsSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { createMcpHandler } from '../../src/index.ts'
import { MOUNTS, type Mounted } from './frameworks/mounts.ts'
import { connections, streams, wholeAnswers } from './portable-checks.ts'
import { createPortableServer } from './portable-server.ts'

const isInstalled = existsSync(new URL('frameworks/node_modules', import.meta.url))
if (!isInstalled) test('frameworks and adapters', { skip: 'not installed here: npm run interop' })

for (const [name, mount] of isInstalled ? Object.entries(MOUNTS) : []) {
  for (const path of mount.paths) {
    describe(`${name}, at ${path}`, () => {
      const handler = createMcpHandler(createPortableServer(), { path })
      let app: Mounted
      before(async () => {
        app = await mount.start(handler)
      })
      after(async () => {
        await handler.close({ drainMs: 0 })
        app.close()
      })
      const checks = mount.streams ? { ...wholeAnswers, ...streams, ...connections } : wholeAnswers
      for (const [title, check] of Object.entries(checks)) test(title, () => check(`${app.origin}${path}`))
    })
  }
}
