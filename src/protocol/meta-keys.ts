/** Keys of `_meta` that the specification reserves. Data only. */

export const MetaKey = {
  PROGRESS_TOKEN: 'progressToken',

  // 2026-07-28, in every request
  PROTOCOL_VERSION: 'io.modelcontextprotocol/protocolVersion',
  CLIENT_INFO: 'io.modelcontextprotocol/clientInfo',
  CLIENT_CAPABILITIES: 'io.modelcontextprotocol/clientCapabilities',
  LOG_LEVEL: 'io.modelcontextprotocol/logLevel',

  // 2026-07-28, in results and notifications
  SERVER_INFO: 'io.modelcontextprotocol/serverInfo',
  SUBSCRIPTION_ID: 'io.modelcontextprotocol/subscriptionId',

  // 2025-11-25, in what belongs to a task
  RELATED_TASK: 'io.modelcontextprotocol/related-task',

  // W3C trace context
  TRACEPARENT: 'traceparent',
  TRACESTATE: 'tracestate',
  BAGGAGE: 'baggage',
} as const

/** The Tasks extension, as it is named in capabilities. */
export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks'
