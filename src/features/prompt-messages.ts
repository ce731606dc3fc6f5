/**
 * The check of the messages that a prompt's handler made: a message of a wrong shape is not sent.
 *
 * Spec: 2025-11-25 prompts {@link spec.prompts}, "PromptMessage" and "Security".
 * Not here: what a handler may return instead of messages (prompts.ts).
 */

type Members = { readonly [key: string]: unknown }

/** Padding may be missing: every decoder takes that, and encoders differ. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** @throws {TypeError} naming the message and what is wrong with it */
export function checkMessages(messages: unknown, prompt: string): void {
  if (!Array.isArray(messages))
    throw new TypeError(`Prompt ${JSON.stringify(prompt)} gave no list of messages`)
  for (const [index, message] of messages.entries()) {
    const problem = findProblem(message)
    if (problem === undefined) continue
    throw new TypeError(`Prompt ${JSON.stringify(prompt)} gave messages[${index}] with ${problem}`)
  }
}

function findProblem(message: unknown): string | undefined {
  if (!isObject(message) || (message['role'] !== 'user' && message['role'] !== 'assistant')) {
    return 'a role other than user and assistant'
  }
  const { content } = message
  if (!isObject(content)) return 'content that is not one content block'
  switch (content['type']) {
    case 'text':
      return typeof content['text'] === 'string' ? undefined : 'text content without text'
    case 'image':
    case 'audio':
      if (!isBase64(content['data'])) return `${content['type']} data that is not base64`
      return typeof content['mimeType'] === 'string' ? undefined : `${content['type']} without a mimeType`
    case 'resource':
      return embeddedProblem(content['resource'])
    case 'resource_link':
      return typeof content['uri'] === 'string' && typeof content['name'] === 'string'
        ? undefined
        : 'a resource link without uri and name'
    default:
      return `content of an unknown type ${JSON.stringify(content['type'])}`
  }
}

function embeddedProblem(resource: unknown): string | undefined {
  if (!isObject(resource) || typeof resource['uri'] !== 'string') return 'an embedded resource without uri'
  if (typeof resource['text'] === 'string' || isBase64(resource['blob'])) return undefined
  return 'an embedded resource without text or base64 blob'
}

function isBase64(value: unknown): boolean {
  return typeof value === 'string' && BASE64.test(value)
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
