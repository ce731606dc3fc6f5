/**
 * `serve.ts`: the fixture of the conformance suite on three nodes behind the load balancer, so that every request reaches
 * another node than the one before. Prints its address, and ends everything on SIGTERM and SIGINT.
 */

import { Cluster } from './cluster.ts'

const cluster = await Cluster.start({ fixture: true })
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void cluster.close().then(() => process.exit(0))
  })
}
console.log(`listening on ${cluster.url}`)
