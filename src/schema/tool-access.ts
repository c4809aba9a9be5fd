import { z } from 'zod'

const MODES = ['allow_all', 'allow_none', 'allow_list'] as const

const accessOf = <Mode extends string>(modes: readonly Mode[]) =>
  z
    .strictObject({
      mode: z.enum(modes, { error: `should be one of ${modes.join(', ')}` }),
      tools: z.array(z.string().trim().min(1)).optional(),
    })
    .refine(({ mode, tools = [] }) => mode !== 'allow_list' || tools.length > 0, {
      path: ['tools'],
      error: 'should name at least one tool where the mode is allow_list',
    })
    .refine(({ mode, tools }) => mode === 'allow_list' || tools === undefined, {
      path: ['tools'],
      error: 'should be left out where the mode is not allow_list',
    })

/** Which tools models may call, by name, in all apps of which nothing else is said. */
export const DefaultToolAccess = accessOf(MODES)
export type DefaultToolAccess = z.infer<typeof DefaultToolAccess>

/** Which tools the models of one app may call. `inherit`: what is said for all apps. */
export const ToolAccess = accessOf([...MODES, 'inherit'])
export type ToolAccess = z.infer<typeof ToolAccess>
