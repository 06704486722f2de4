import { defineConfig } from 'vitest/config';

// Two workers: the tests must be steady on a busy two-core machine. Long timeouts because nothing here asserts speed.
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/helpers/plain-line-reporter.ts'],
  },
});
