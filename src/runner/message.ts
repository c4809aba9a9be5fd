import type { Content } from '../core/content.js'
import { AdkError } from '../core/errors.js'
import { isReservedCall } from '../core/framework-calls.js'

/** Refuses what no client may say, and gives a message without a role the user's. */
export function checkMessage(message: Content): Content {
  const parts = message.parts ?? []
  if (parts.length === 0) {
    throw new AdkError(
      'invalid_message',
      'No parts in the new message; send at least one, such as {"text": "Hello"}',
    )
  }
  for (const { functionCall } of parts) {
    if (functionCall && isReservedCall(functionCall)) {
      throw new AdkError(
        'invalid_message',
        `A client message may not contain a "${functionCall.name}" call; answer one with a functionResponse`,
      )
    }
  }
  return { ...message, role: message.role ?? 'user' }
}
