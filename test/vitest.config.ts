import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Most of a test's time is spent waiting for windows and processes: more workers than cores are well used.
    maxWorkers: 3,
    // No test asserts how long something took; a busy machine must not fail one that only takes longer.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reportsDirectory: 'coverage',
      reporter: ['text-summary'],
      thresholds: { statements: 90 },
    },
  },
});
