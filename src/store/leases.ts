/**
 * Leases: which nodes are alive. A node renews its lease while it lives and can reach the store; it is over when it was
 * not renewed for `leaseMs`, by the clock of the store, while the store could be reached all the time. So an outage of
 * the store ends no lease.
 */

export interface Leases {
  /** How long a node counts as alive after it was last heard of, in milliseconds. */
  readonly leaseMs: number
  /**
   * Whether a node is alive, as far as this node knows; true while the store cannot be reached, if it was alive before.
   * Of a node that this one has not heard of, true as well: it may have joined just now. The store is asked then, and
   * `NodeEvents.onNodeGone` says so if it is not there.
   */
  isAlive(node: string): boolean
}
