/**
 * The thread that runs a client's regular expression (line-matcher.ts ends it when it takes too long).
 *
 * JavaScript, since a worker of Node 20 loads TypeScript with a loader only. Gets arrays of lines, answers each
 * with the indexes of those that match; its first message says that it has started.
 */

import { parentPort, workerData } from 'node:worker_threads'

const regex = new RegExp(workerData.pattern, workerData.flags)

parentPort.on('message', (lines) => {
  const found = []
  for (const [index, line] of lines.entries()) if (regex.test(line)) found.push(index)
  parentPort.postMessage(found)
})
parentPort.postMessage('ready')
