/** `barewire/stdio`: serveStdio, for servers that their client starts. */

export { type StdioOptions, type StdioServing, serveStdio } from './serve-stdio.ts'
