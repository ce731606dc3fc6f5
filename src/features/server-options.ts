/**
 * Info and options of a server, checked once at construction: a wrong name or type throws a `TypeError` that names it.
 */

import { refuseOthers } from '../bounds/option-names.ts'
import { shown } from '../bounds/quote.ts'
import type { ErrorInfo } from '../dispatch/error-report.ts'
import { LOG_LEVELS } from '../protocol/log-levels.ts'
import type { Implementation, LogLevel } from '../protocol/wire-types.ts'
import { type CacheHints, type CacheOptions, checkCacheOptions } from './cache-hints.ts'
import { checkConfig, type Names } from './config-names.ts'
import { checkFunctions, entryJson, IMPLEMENTATION } from './entry-check.ts'
import type { SlowPatterns } from './slow-patterns.ts'

export interface ServerOptions {
  /** How to use this server, for the model. @defaultValue none */
  readonly instructions?: string | undefined
  /** Entries on one page of a list. @defaultValue Infinity: some clients read only the first page */
  readonly pageSize?: number | undefined
  /**
   * Offers log messages to clients; a level is the least severity that a client gets before it asks for
   * another. @defaultValue false: `ctx.log` does nothing. `true` means `'info'`
   */
  readonly logging?: boolean | LogLevel | undefined
  /** How long clients of the stateless era may cache results, by kind. @defaultValue private, 0 ms */
  readonly cache?: CacheOptions | undefined
  /**
   * What to do with a tool or prompt whose schema has a pattern that takes a backtracking engine more than linear
   * time, such as `(a+)+$`: warn, throw a `TypeError`, or nothing. It concerns the engines of clients and of schema
   * libraries: barewire matches every pattern of a JSON Schema literal in linear time. @defaultValue 'warn'
   */
  readonly slowPatterns?: SlowPatterns | undefined
  /**
   * Whether `null` for an optional argument of a tool or a prompt that does not allow it counts as absent: some clients
   * send every argument. @defaultValue true
   */
  readonly nullAsAbsent?: boolean | undefined
  /**
   * Called with every error whose cause clients must not see, and with the errors of hooks.
   * @defaultValue writes it to standard error
   */
  readonly onError?: ((error: unknown, info: ErrorInfo) => void) | undefined
}

const INFO_NAMES: Names<Implementation> = {
  name: true,
  version: true,
  title: true,
  description: true,
  websiteUrl: true,
  icons: true,
}
const OPTION_NAMES: Names<ServerOptions> = {
  instructions: true,
  pageSize: true,
  logging: true,
  cache: true,
  slowPatterns: true,
  nullAsAbsent: true,
  onError: true,
}

const CAPABILITIES = 'capabilities follow from what is registered'

export interface ServerSettings {
  readonly instructions: string | undefined
  readonly pageSize: number
  readonly defaultLogLevel: LogLevel | undefined
  readonly cache: CacheHints
  readonly slowPatterns: SlowPatterns
  readonly nullAsAbsent: boolean
}

/** @throws {TypeError} naming what is wrong */
export function checkServer(info: Implementation, options: ServerOptions): ServerSettings {
  if (typeof info?.name !== 'string' || typeof info.version !== 'string') {
    throw new TypeError('McpServer needs { name, version }, both strings')
  }
  refuseOthers('The first argument of McpServer has', info, Object.keys(INFO_NAMES), {
    'options are the second argument': Object.keys(OPTION_NAMES).join(' ').toLowerCase(),
    [CAPABILITIES]: 'capabilities',
  })
  checkConfig(options, 'McpServer', OPTION_NAMES, {
    'it is an option of serve and createMcpHandler':
      'port host path auth allowedhosts allowedorigins sessions replay eras ratelimit tasks onrejected',
    'it belongs to the first argument': Object.keys(INFO_NAMES).join(' ').toLowerCase(),
    [CAPABILITIES]: 'capabilities',
  })
  const { instructions, onError } = options
  entryJson({ ...info, instructions }, IMPLEMENTATION, 'McpServer')
  checkFunctions({ onError }, 'McpServer')
  return {
    instructions,
    pageSize: checkPageSize(options.pageSize ?? Number.POSITIVE_INFINITY),
    defaultLogLevel: checkLogging(options.logging ?? false),
    cache: checkCacheOptions(options.cache ?? {}),
    slowPatterns: checkSlowPatterns(options.slowPatterns),
    nullAsAbsent: checkFlag('nullAsAbsent', options.nullAsAbsent ?? true),
  }
}

function checkFlag(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false; got ${shown(value)}`)
}

function checkPageSize(value: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isInteger(value) && value > 0)) return value
  throw new TypeError(`pageSize must be a positive integer or Infinity; got ${shown(value)}`)
}

function checkLogging(value: boolean | LogLevel): LogLevel | undefined {
  if (value === false) return undefined
  if (value === true) return 'info'
  if (LOG_LEVELS.includes(value)) return value
  throw new TypeError(`logging must be true, false or one of ${LOG_LEVELS.join(', ')}; got ${shown(value)}`)
}

function checkSlowPatterns(value: SlowPatterns = 'warn'): SlowPatterns {
  if (value === 'warn' || value === 'refuse' || value === 'allow') return value
  throw new TypeError(`slowPatterns must be 'warn', 'refuse' or 'allow'; got ${shown(value)}`)
}
