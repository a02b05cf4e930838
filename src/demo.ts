/**
 * `npm run demo`: the fixture cohort against the sandbox. The cohort has bad rows on purpose, so the run ends with 4;
 * the demo turns this into 0, so that npm reports no failure.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXIT } from './domain/errors.ts';

const cli = fileURLToPath(new URL('cli.js', import.meta.url));
const { status } = spawnSync(process.execPath, [cli, 'run', 'fixtures/cohort.csv', '--sandbox'], {
  stdio: 'inherit',
});
process.exitCode = status === EXIT.incomplete ? EXIT.ok : (status ?? EXIT.defect);
