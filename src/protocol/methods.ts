/** Method names, as the specification spells them. Data only. */

export const Method = {
  initialize: 'initialize',
  ping: 'ping',
  toolsList: 'tools/list',
  toolsCall: 'tools/call',
  resourcesList: 'resources/list',
  resourceTemplatesList: 'resources/templates/list',
  resourcesRead: 'resources/read',
  resourcesSubscribe: 'resources/subscribe',
  resourcesUnsubscribe: 'resources/unsubscribe',
  promptsList: 'prompts/list',
  promptsGet: 'prompts/get',
  complete: 'completion/complete',
  setLevel: 'logging/setLevel',
  // of tasks, 2025-11-25 alone
  tasksList: 'tasks/list',
  tasksResult: 'tasks/result',
  // stateless era
  discover: 'server/discover',
  listen: 'subscriptions/listen',
  tasksGet: 'tasks/get',
  tasksUpdate: 'tasks/update',
  tasksCancel: 'tasks/cancel',
  // server to client
  elicit: 'elicitation/create',
  createMessage: 'sampling/createMessage',
  listRoots: 'roots/list',
} as const

export const Notify = {
  initialized: 'notifications/initialized',
  cancelled: 'notifications/cancelled',
  progress: 'notifications/progress',
  message: 'notifications/message',
  toolsChanged: 'notifications/tools/list_changed',
  promptsChanged: 'notifications/prompts/list_changed',
  resourcesChanged: 'notifications/resources/list_changed',
  resourceUpdated: 'notifications/resources/updated',
  rootsChanged: 'notifications/roots/list_changed',
  acknowledged: 'notifications/subscriptions/acknowledged',
  task: 'notifications/tasks',
  taskStatus: 'notifications/tasks/status',
  elicitationComplete: 'notifications/elicitation/complete',
} as const

/** Members that the core and the Tasks extension define in the filter of `subscriptions/listen`. */
export const FilterMember = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
  subscriptions: 'resourceSubscriptions',
  taskIds: 'taskIds',
} as const

/** Stateless era: the parameter that the Mcp-Name header repeats, by method. */
export const NAMED_BY: ReadonlyMap<string, string> = new Map([
  [Method.toolsCall, 'name'],
  [Method.promptsGet, 'name'],
  [Method.resourcesRead, 'uri'],
  [Method.tasksGet, 'taskId'],
  [Method.tasksUpdate, 'taskId'],
  [Method.tasksCancel, 'taskId'],
])
