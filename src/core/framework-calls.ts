import type { FunctionCall } from './content.js'

/** Calls that the framework makes on behalf of a tool; clients answer them with function responses. */
export const REQUEST_CONFIRMATION_FUNCTION_CALL_NAME = 'adk_request_confirmation'
export const REQUEST_CREDENTIAL_FUNCTION_CALL_NAME = 'adk_request_credential'
export const REQUEST_INPUT_FUNCTION_CALL_NAME = 'adk_request_input'

/** Functions of the framework that models call: to hand over to another agent, and to give a structured answer. */
export const TRANSFER = 'transfer_to_agent'
export const SET_MODEL_RESPONSE = 'set_model_response'

const RESERVED = new Set<string | undefined>([
  REQUEST_CONFIRMATION_FUNCTION_CALL_NAME,
  REQUEST_CREDENTIAL_FUNCTION_CALL_NAME,
  REQUEST_INPUT_FUNCTION_CALL_NAME,
])

export const isReservedCall = ({ name }: FunctionCall): boolean => RESERVED.has(name)

/**
 * Questions that the framework asks on behalf of a tool call, which goes on once they are answered. A request for input
 * is not one of them: a model makes it, and reads the answer.
 */
export const isFrameworkCall = ({ name }: { name?: string }): boolean =>
  name === REQUEST_CONFIRMATION_FUNCTION_CALL_NAME || name === REQUEST_CREDENTIAL_FUNCTION_CALL_NAME
