import { z } from 'zod'
import { JsonObject } from './json.js'

// Shapes of the Gemini API, as ADK clients send and read them. They are loose: a field that Google adds tomorrow
// travels through unchanged.

const Blob = z.looseObject({
  mimeType: z
    .string()
    .optional()
    .meta({ examples: ['image/png'] }),
  data: z.string().optional().describe('Base64, standard or URL-safe alphabet.'),
  displayName: z.string().optional(),
})

const FileData = z.looseObject({
  fileUri: z.string().optional().describe('Passed to the model as it is; the server never fetches it.'),
  mimeType: z.string().optional(),
  displayName: z.string().optional(),
})

const FunctionCall = z.looseObject({
  id: z.string().optional(),
  name: z.string().optional(),
  args: JsonObject.optional(),
})

const FunctionResponse = z.looseObject({
  id: z.string().optional().describe('The id of the function call that this answers.'),
  name: z.string().optional(),
  response: JsonObject.optional(),
})

/** One piece of a message. Normally exactly one of the data fields is set. */
export const Part = z
  .looseObject({
    text: z.string().optional(),
    thought: z.boolean().optional().describe('The text is the reasoning of the model, not its answer.'),
    thoughtSignature: z.string().optional(),
    inlineData: Blob.optional(),
    fileData: FileData.optional(),
    functionCall: FunctionCall.optional(),
    functionResponse: FunctionResponse.optional(),
    executableCode: z
      .looseObject({ code: z.string().optional(), language: z.string().optional() })
      .optional(),
    codeExecutionResult: z
      .looseObject({ outcome: z.string().optional(), output: z.string().optional() })
      .optional(),
  })
  .meta({
    id: 'Part',
    description: 'One piece of a message: text, data, a file, a function call or its response.',
  })

export const Content = z
  .looseObject({
    role: z.string().optional().describe('`user` or `model`.'),
    parts: z.array(Part).optional(),
  })
  .meta({ id: 'Content', description: 'A message: who speaks, and its parts.' })
