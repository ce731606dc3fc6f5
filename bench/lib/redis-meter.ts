/**
 * What a Redis has to do for a server: the commands that clients send it, and the memory that it takes. It talks to Redis
 * as text on a socket, so that it measures nothing of a client library.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A line of MONITOR: `+<time> [<database> <client>] "COMMAND" "key" ...`; what a script does says `lua` in place of a client. */
const COMMAND = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/

/**
 * Counts the commands that clients send while something is done, without those that scripts run.
 *
 * @param about - which commands count, by their text
 */
export async function countCommands(
  port: number,
  about: RegExp,
  work: () => Promise<unknown>,
): Promise<number> {
  const socket = await open(port)
  let text = ''
  let count = 0
  const read = (chunk: Buffer) => {
    text += chunk.toString('latin1')
    const lines = text.split('\r\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const [, client, command = ''] = COMMAND.exec(line) ?? []
      if (client !== undefined && client !== 'lua' && about.test(command)) count += 1
    }
  }
  socket.write('MONITOR\r\n')
  await once(socket, 'data')
  socket.on('data', read)
  try {
    await work()
    // What is written behind a request, and what is still on its way here.
    await new Promise((resolve) => setTimeout(resolve, 100))
  } finally {
    socket.destroy()
  }
  return count
}

/** How long memory must stay as it is: servers write behind the requests of their clients. */
const SETTLED_MS = 200

/** Bytes that Redis has allocated, when nothing changes it any more. */
export async function usedMemory(port: number): Promise<number> {
  let last = Number.NaN
  for (;;) {
    const used = await readMemory(port)
    // Each connection that asks takes some, and so do leases.
    if (Math.abs(used - last) < 2048) return used
    last = used
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS))
  }
}

async function readMemory(port: number): Promise<number> {
  const socket = await open(port)
  try {
    socket.write('INFO memory\r\n')
    let text = ''
    while (!/used_memory:\d+\r\n/.test(text)) text += (await once(socket, 'data'))[0]
    return Number(/used_memory:(\d+)/.exec(text)?.[1])
  } finally {
    socket.destroy()
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}
