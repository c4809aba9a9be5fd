export function runCase(scenario: unknown, options: { mock: unknown; makeRunner: unknown }): Promise<unknown>
