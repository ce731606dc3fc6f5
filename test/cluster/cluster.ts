/**
 * A cluster for tests: one Redis, nodes as processes of their own, and the load balancer before them. It asks each node
 * whether it is ready, and takes it out when it is not.
 */

import type { TestContext } from 'node:test'
import { RedisServer } from '../redis/server.ts'
import { LoadBalancer } from './load-balancer.ts'
import { type NodeOptions, NodeProcess } from './node-process.ts'

/** How often a node is asked: half of what a node waits that is being shut down (`DRAIN_DELAY_MS`), or less. */
const PROBE_MS = 100
const DRAIN_DELAY_MS = 400

/** What was acknowledged is there after a restart. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'everysec']

export interface ClusterOptions extends Omit<NodeOptions, 'redisPort'> {
  readonly nodes?: number
}

export class Cluster {
  readonly redis: RedisServer
  readonly balancer: LoadBalancer
  /** Those that were not removed, the oldest first. */
  readonly nodes: NodeProcess[] = []
  readonly #options: NodeOptions
  readonly #probes = new Map<NodeProcess, NodeJS.Timeout>()
  #started = 0

  private constructor(redis: RedisServer, balancer: LoadBalancer, options: NodeOptions) {
    this.redis = redis
    this.balancer = balancer
    this.#options = options
  }

  static async start({ nodes = 3, ...options }: ClusterOptions = {}): Promise<Cluster> {
    const redis = await RedisServer.start(DURABLE)
    const balancer = await LoadBalancer.start()
    const cluster = new Cluster(redis, balancer, {
      drainDelayMs: DRAIN_DELAY_MS,
      ...options,
      redisPort: redis.port,
    })
    try {
      await Promise.all(Array.from({ length: nodes }, () => cluster.add()))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  get url(): string {
    return this.balancer.url
  }

  /** Starts a node more, and waits until it is ready. @param options - where it is not as the others */
  async add(options: NodeOptions = {}): Promise<NodeProcess> {
    this.#started += 1
    const node = await NodeProcess.start(`n${this.#started}`, { ...this.#options, ...options })
    this.nodes.push(node)
    await node.untilReady()
    this.balancer.add(node)
    this.#watch(node)
    return node
  }

  /** The node of this name, as tools give it. */
  node(name: string): NodeProcess {
    const found = this.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`there is no node ${name}`)
    return found
  }

  /** Ends a node by a signal. @returns resolves when it has ended, with its exit code or the signal */
  async end(node: NodeProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    node.kill(signal)
    return await node.ended
  }

  async close(): Promise<void> {
    for (const probe of this.#probes.values()) clearInterval(probe)
    await Promise.all([...this.#probes.keys(), ...this.nodes].map((node) => node.stop()))
    await this.balancer.close()
    await this.redis.remove()
  }

  #watch(node: NodeProcess): void {
    const remove = () => {
      clearInterval(probe)
      this.#probes.delete(node)
      this.balancer.remove(node.name)
    }
    const probe = setInterval(() => {
      void node.isReady().then((isReady) => {
        // It is the load balancer that stops: the process may go on for as long as it drains.
        if (!isReady) this.balancer.remove(node.name)
      })
    }, PROBE_MS)
    this.#probes.set(node, probe)
    void node.ended.then(remove)
  }
}

/** A cluster that is closed with the test. */
export async function clusterFor(t: TestContext, options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.start(options)
  t.after(() => cluster.close())
  return cluster
}
