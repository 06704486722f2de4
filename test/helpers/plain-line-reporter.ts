// Closes a test run with one plain line, `N passed, N failed`, that scripts can read without knowing vitest.

import type { Reporter, TestModule } from 'vitest/node';

export default class PlainLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    // A module that could not even be collected, or an error outside any test, is a failure too.
    let failed = unhandledErrors.length + modules.filter((module) => module.errors().length > 0).length;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed++;
        else if (test.result().state === 'failed') failed++;
      }
    }
    process.once('exit', () => process.stdout.write(`${passed} passed, ${failed} failed\n`));
  }
}
