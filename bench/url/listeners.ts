/**
 * Which process to read the memory of. The pid that people have at hand is often that of a launcher (npx, tsx, a
 * shell): the server is a descendant of it, and the launcher's memory says nothing. So `--pid` means that process or
 * whichever of its descendants listen on the port of the URL; several do where workers share the port.
 *
 * Linux only: a listening socket's inode is in /proc/net/tcp, and its owners have it among /proc/PID/fd.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** The state of a listening socket in /proc/net/tcp. */
const LISTEN = '0A'

/**
 * Finds the processes that listen on a port.
 *
 * @param pid - one of them, or an ancestor of theirs
 * @param port - TCP, of any local address
 * @throws {Error} when there is no such process, or neither it nor a descendant listens; names who does, if it can
 *   be seen
 */
export function findListeners(pid: number, port: number): number[] {
  if (process.platform !== 'linux') throw new Error('--pid needs /proc, which only Linux has')
  const parents = readParents()
  if (!parents.has(pid)) throw new Error(`--pid ${pid}: there is no such process`)
  const inodes = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) => listeningInodes(readOr(file), port)),
  )
  const listening = [...parents.keys()].filter((each) => holdsSocket(each, inodes))
  const own = listening.filter((each) => isWithin(each, pid, parents))
  if (own.length > 0) return own
  const who =
    listening.length === 0
      ? 'who does cannot be seen from here (another user, or a container)'
      : `it is ${listening.map(describeProcess).join(', ')} that does`
  throw new Error(
    `--pid ${describeProcess(pid)}: neither it nor a descendant listens on port ${port}; ${who}`,
  )
}

/**
 * The inodes of the sockets that listen on a port.
 *
 * @param table - what /proc/net/tcp holds: `sl local_address rem_address st ... inode`, addresses and ports in hex
 */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
    return local?.endsWith(suffix) === true && state === LISTEN && inode !== undefined ? [inode] : []
  })
}

/** Resident memory of a process, in bytes. @throws {Error} when it has ended */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s*(\d+) kB/m.exec(readOr(`/proc/${pid}/status`))?.[1]
  if (kilobytes === undefined) throw new Error(`process ${pid} has ended, so its memory cannot be read`)
  return Number(kilobytes) * 1024
}

/** A process as a person knows it. */
export function describeProcess(pid: number): string {
  const command = readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()
  if (command === '') return `${pid}`
  // What tells servers apart is at the end, behind the options of node.
  return command.length <= 80
    ? `${pid} (${command})`
    : `${pid} (${command.slice(0, 15)} ... ${command.slice(-60)})`
}

/** The parent of every process that can be seen. */
function readParents(): Map<number, number> {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = /^PPid:\s*(\d+)/m.exec(readOr(`/proc/${entry}/status`))?.[1]
    if (parent !== undefined) parents.set(Number(entry), Number(parent))
  }
  return parents
}

function isWithin(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  for (let each: number | undefined = pid; each !== undefined && each > 0; each = parents.get(each)) {
    if (each === ancestor) return true
  }
  return false
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((name) => {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOr(`${folder}/${name}`))?.[1]
      return inode !== undefined && inodes.has(inode)
    })
  } catch {
    // Of another user, or gone by now.
    return false
  }
}

/** Processes end while their files are read: nothing is then what there is to read. */
function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function linkOr(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return ''
  }
}
