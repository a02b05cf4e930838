/**
 * Two sizes of one suite. `npm test` takes what answers in a minute and cuts down what only repeats itself; the soak
 * (`npm run test:soak`, Vitest’s mode `soak`) takes every file, whole. A file or a test that is named on the command
 * line is run by both.
 */
import { fileURLToPath } from 'node:url';
import { defaultExclude, defineConfig } from 'vitest/config';

/** True when the command line names files, or tests with `-t`: a word that is neither a flag nor the value of one. */
const isNamed = process.argv
  .slice(3)
  .some((word, i, words) => word === '-t' || !(word.startsWith('-') || words[i - 1]?.startsWith('-')));

export default defineConfig(({ mode }) => {
  const soak = mode === 'soak';
  const leftOut = soak || isNamed ? [] : ['test/**/*.soak.test.ts'];
  const project = (name: string, include: string, exclude: readonly string[], testTimeout: number) => ({
    extends: true as const,
    test: {
      name,
      // Here, and not at the root: a project that extends it reads it again, in the mode `test`.
      env: { SOAK: soak ? '1' : '' },
      include: [include],
      exclude: [...defaultExclude, ...exclude, ...leftOut],
      // A busy machine may slow the soak down; a unit test that takes ten seconds hangs.
      testTimeout: soak ? 600_000 : testTimeout,
      hookTimeout: soak ? 120_000 : testTimeout,
      // One load of the modules per worker and not per file: half of the time. Each test makes what it changes.
      isolate: false,
    },
  });
  return {
    root: fileURLToPath(new URL('..', import.meta.url)),
    test: {
      globalSetup: ['test/global-setup.ts'],
      // End-to-end tests wait for processes and windows: more workers than cores are well used.
      maxWorkers: 3,
      projects: [
        project('unit', 'test/**/*.test.ts', ['test/e2e/**'], 10_000),
        project('e2e', 'test/e2e/**/*.test.ts', [], 60_000),
      ],
      coverage: {
        provider: 'v8',
        include: ['src/**'],
        reportsDirectory: 'coverage',
        reporter: ['text-summary'],
        thresholds: { statements: 90 },
      },
    },
  };
});
