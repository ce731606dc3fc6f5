// Preloaded by a node whose clock is to be wrong: `Date` is ahead by CLOCK_AHEAD_MS. Timers and performance.now() are
// not changed, as they are not when the clock of a machine is set.
const ahead = Number(process.env.CLOCK_AHEAD_MS)
const now = Date.now
const OwnDate = Date
globalThis.Date = class extends OwnDate {
  constructor(...args) {
    if (args.length === 0) super(now() + ahead)
    else super(...args)
  }
  static now() {
    return now() + ahead
  }
}
