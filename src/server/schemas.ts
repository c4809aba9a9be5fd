import type { FastifyInstance, FastifySchemaCompiler } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { Problem, ValidationProblem } from '../schema/problem.js'

/** A server whose routes are typed by their zod schemas. */
export type ZodServer = FastifyInstance<
  import('fastify').RawServerDefault,
  import('http').IncomingMessage,
  import('http').ServerResponse,
  import('fastify').FastifyBaseLogger,
  ZodTypeProvider
>

const PARTS: Record<string, string> = { params: 'path', querystring: 'query', headers: 'header' }

/** Parses a part of a request. No body, which Fastify takes for `null`, is left to the schema. */
const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = PARTS[httpPart ?? ''] ?? 'body'
  return (input: unknown) => {
    const result = schema.safeParse(input ?? undefined, { reportInput: true })
    if (result.success) return { value: result.data }
    return {
      error: Object.assign(new Error('Invalid request'), { issues: result.error.issues, part }),
    }
  }
}

export function useZod(app: FastifyInstance): ZodServer {
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  return app.withTypeProvider<ZodTypeProvider>()
}

/** A response, as it is documented. */
export const described = (schema: z.ZodType, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** The documented errors of a route; 422 and 500 can come from every route that reads input. */
export const errors = {
  invalid: { 422: described(ValidationProblem, 'The request does not fit its schema.') },
  notFound: { 404: described(Problem, 'There is no such app or session.') },
  exists: { 400: described(Problem, 'The session exists already.') },
  runNotFound: { 404: described(Problem, 'There is no such run.') },
  eventsGone: { 410: described(Problem, 'Some of the events that were asked for are no longer kept.') },
  run: {
    400: described(Problem, 'No app was named, and the server has no default app.'),
    409: described(
      Problem,
      'Too many runs wait for their turn on this session, or another server has continued it meanwhile.',
    ),
    500: described(Problem, 'The agent failed to load, or its own code failed.'),
    503: described(Problem, 'The server is at its limit of runs, cannot reach its database, or shuts down.'),
  },
}
