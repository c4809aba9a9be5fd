/** The error of any copy of zod, of either major version. */
export interface SchemaError {
  issues: readonly { path: readonly PropertyKey[]; message: string }[]
}

/** What does not fit, in one line: `toolAccess.mode: should be …; …`. */
export function describeIssues({ issues }: SchemaError, ...root: string[]): string {
  return issues
    .map(({ path, message }) =>
      [[...root, ...path].map(String).join('.'), message].filter(Boolean).join(': '),
    )
    .join('; ')
}
