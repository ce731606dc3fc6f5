/** The whole of what an application has to do. The definition is written here by the test (../../../next.test.ts). */

import { createFetchHandler } from 'barewire/fetch'
import { createPortableServer } from '../../generated/portable-server.js'

const handler = createFetchHandler(createPortableServer())

export { handler as DELETE, handler as GET, handler as POST }
