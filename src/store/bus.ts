/**
 * The bus: messages between nodes. They arrive at `NodeEvents.onBroadcast` and `NodeEvents.onMessage`. Each is delivered
 * once to a node that lives, also across an outage of the store; the newest messages to all nodes are retained for nodes
 * that join later, within a count and an age of the store.
 */

export interface Bus {
  /**
   * Publishes a message to all nodes, this one included. While the store cannot be reached it waits, within a number of
   * bytes.
   *
   * @returns resolves when it is stored
   * @throws {McpError} `ERR_STORE_UNAVAILABLE`: too much waits already, or the node has left; it will not be delivered
   */
  publish(message: string): Promise<void>
  /**
   * Sends a message to one node.
   *
   * @returns resolves when it is stored where that node reads it; false: the node is not alive
   * @throws {McpError} `ERR_STORE_UNAVAILABLE`: it may or may not be delivered
   */
  send(node: string, message: string): Promise<boolean>
}
