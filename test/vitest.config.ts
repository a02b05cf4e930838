/**
 * Two sizes of one suite. `npm test` takes what answers in a minute and cuts down what only repeats itself; the soak
 * (`npm run test:soak`, Vitest’s mode `soak`) takes every file, whole. A file or a test that is named on the command
 * line is run by both.
 */
import { fileURLToPath } from 'node:url';
import { defaultExclude, defineConfig } from 'vitest/config';

const words = process.argv.slice(3);
/** True when the command line names tests. */
const namesTests = words.some((word) => /^(?:-t|--testNamePattern)\b/.test(word));
/** True when it names files, too: a word that is neither a flag nor the value of one. */
const isNamed =
  namesTests || words.some((word, i) => !(word.startsWith('-') || words[i - 1]?.startsWith('-')));

export default defineConfig(({ mode }) => {
  const soak = mode === 'soak';
  // What starts processes of its own takes longer than a unit test may.
  const processes = ['test/e2e/**/*.test.ts', 'test/readme.test.ts', 'test/ledger/lock.test.ts'];
  const leftOut = soak || isNamed ? [] : ['test/**/*.soak.test.ts'];
  const project = (
    name: string,
    include: string[],
    exclude: readonly string[],
    // A busy machine may slow the soak down; a unit test that takes ten seconds hangs.
    testTimeout: number,
  ) => ({
    extends: true as const,
    test: {
      name,
      // Here, and not at the root: a project that extends it reads it again, in the mode `test`.
      env: {
        SOAK: soak ? '1' : '',
        SOAK_TESTS: soak || namesTests ? '1' : '',
        TEST_TIMEOUT: String(testTimeout),
      },
      include,
      exclude: [...defaultExclude, ...exclude, ...leftOut],
      testTimeout,
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
        project('unit', ['test/**/*.test.ts'], processes, soak ? 600_000 : 10_000),
        project('e2e', processes, [], soak ? 600_000 : 60_000),
      ],
      coverage: {
        provider: 'v8',
        include: ['src/**/*.ts'],
        reportsDirectory: 'coverage',
        reporter: ['text-summary'],
        thresholds: { statements: 90 },
      },
    },
  };
});
