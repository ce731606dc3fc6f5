/** `experimental/index.js`: what the SDK has of revisions to come, which is tasks. */

export * from './tasks/index.ts'
