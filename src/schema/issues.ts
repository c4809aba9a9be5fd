import type { z } from 'zod'

/** What does not fit, in one line: `toolAccess.mode: should be …; …`. */
export function describeIssues({ issues }: z.ZodError, root?: string): string {
  const describe = ({ path, message }: z.core.$ZodIssue) =>
    [[...(root === undefined ? [] : [root]), ...path].join('.'), message].filter(Boolean).join(': ')
  return issues.map(describe).join('; ')
}
