export function makeRunner(scenario: unknown, log: unknown[]): Promise<unknown>
