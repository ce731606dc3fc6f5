/** `node --import tsx --import ./test/sdk/loader.mjs program`: the program runs on the facade, see hooks.mjs. */
import { register } from 'node:module'

register('./hooks.mjs', import.meta.url)
