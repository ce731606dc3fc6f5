/** The key store: secrets that all nodes have, made by the first that asks, and replaced in time. */

export interface KeyStore {
  /**
   * The keys of a purpose, the newest first: it seals, all of them open.
   *
   * @param rotateMs - a key older than this is followed by a new one
   * @param keepMs - how long a key opens what it sealed, after a new one has followed it
   * @throws {McpError} `ERR_STORE_UNAVAILABLE`
   */
  read(purpose: string, rotateMs: number, keepMs: number): Promise<readonly string[]>
}
