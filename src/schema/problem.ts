import { z } from 'zod'

/** Every error of the API: one text under both names, because official clients read either. */
export const Problem = z
  .object({ detail: z.string(), error: z.string() })
  .meta({ id: 'Problem', description: 'An error. `detail` and `error` hold the same sentence.' })

export const ValidationItem = z
  .object({
    type: z.string().meta({ examples: ['missing'] }),
    loc: z.array(z.union([z.string(), z.number()])).meta({ examples: [['body', 'userId']] }),
    msg: z.string().meta({ examples: ['Field required'] }),
    input: z.unknown().optional(),
  })
  .meta({ id: 'ValidationItem' })
export type ValidationItem = z.infer<typeof ValidationItem>

export const ValidationProblem = z
  .object({
    detail: z.union([
      z.array(ValidationItem).describe('What does not fit the schema, and where.'),
      z.string().describe('What fits the schema, but not what the server knows; the same as `error`.'),
    ]),
    error: z.string(),
  })
  .meta({ id: 'ValidationProblem', description: 'The request is not one that can be carried out.' })
