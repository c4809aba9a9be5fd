export function compare(recorded: unknown, observed: unknown): string[]
