/** `fetch`, as far as the client uses it: what an application gives in its place, or wraps around it. */

/** The global `fetch` is one. */
export type FetchLike = (url: string | URL, init: RequestInit) => PromiseLike<Response>

/** Wraps `fetch`: the first of a list is the outermost. */
export type FetchMiddleware = (next: FetchLike) => FetchLike
