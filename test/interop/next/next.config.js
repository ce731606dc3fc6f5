import { fileURLToPath } from 'node:url'

/** The root is told, or Next.js takes the folder of the nearest lock file above. */
const root = fileURLToPath(new URL('.', import.meta.url))

export default { turbopack: { root }, outputFileTracingRoot: root }
