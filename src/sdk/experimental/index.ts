/** `experimental/index.js`. */

export * from './tasks/index.ts'
