/** `node --import ./scripts/lib/transpiled-loader.mjs`: runs the project's TypeScript from what `transpile.ts` has written. */
import * as module from 'node:module'
import * as hooks from './transpiled-hooks.mjs'

// In this thread where Node can (22.15 and later): a thread of its own takes 40 ms to start, and more for each module.
if (module.registerHooks) module.registerHooks(hooks)
else module.register('./transpiled-hooks.mjs', import.meta.url)
