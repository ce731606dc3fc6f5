/** The longest delay of a timer. `setTimeout` and `setInterval` fire at once when they are given a longer one. */

/** About 25 days. */
export const MAX_TIMER_MS = 2 ** 31 - 1
