/** How much is logged, from most to nothing. Kept apart from the log itself, which takes a while to load. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
