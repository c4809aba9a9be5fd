// A reporter for vitest whose only word is how many tests there were, in one plain line that programs can read:
// `tests: 812 passed, 0 failed`.

/** Files that could not be run, and errors outside of any test, count as failed tests. */
export default class CountTests {
  onTestRunEnd(modules, errors) {
    const counts = { passed: 0, failed: errors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state]++
      counts.failed += module.errors().length
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
    }
    const notRun = counts.skipped + counts.pending
    const rest = notRun > 0 ? `, ${notRun} skipped` : ''
    process.stdout.write(`tests: ${counts.passed} passed, ${counts.failed} failed${rest}\n`)
  }
}
