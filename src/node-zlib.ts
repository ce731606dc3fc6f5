/** What is used of node:zlib. A module of its own, so that the built package loads it only where `sessions.keys` is set. */

export { deflateRawSync, inflateRawSync } from 'node:zlib'
