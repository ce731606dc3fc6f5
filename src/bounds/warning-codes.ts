/**
 * Every code of a process warning, in one table with what the warning is about. Rendered into the reference; no code
 * reads it.
 */

/** The `code` of the warnings that `process.on('warning')` gets; the reference has a sentence for each. */
export type WarningCode =
  | 'BAREWIRE_DEFAULT'
  | 'BAREWIRE_PATTERN'
  | 'BAREWIRE_REFUSED'
  | 'BAREWIRE_STDOUT'
  | 'BAREWIRE_TOOL_NAME'
  | 'BAREWIRE_TOOL_SCHEMA'

export const WARNINGS: Readonly<Record<WarningCode, string>> = {
  BAREWIRE_DEFAULT: 'a `default` in a schema does not fit the schema, and is never used',
  BAREWIRE_PATTERN: 'a `pattern` takes other engines more than linear time; see `slowPatterns`',
  BAREWIRE_REFUSED:
    '`serve` refused a `Host` or an `Origin`, for the first time; names the option that allows it',
  BAREWIRE_STDOUT: 'something other than a message was written to standard output of a stdio server',
  BAREWIRE_TOOL_NAME: 'a tool has a name for which a client in use drops the tool, or all tools',
  BAREWIRE_TOOL_SCHEMA:
    'a tool or prompt has a schema that a client in use cannot read, or that has a word which looks like a typing error',
}
