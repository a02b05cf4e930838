import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const ROUNDS = 21;

function once(args: readonly string[]): number {
  const started = performance.now();
  spawnSync(process.execPath, [...args], { stdio: 'ignore' });
  return performance.now() - started;
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** `--help` beside a Node that does nothing, turn by turn; medians. */
export async function bench(): Promise<string> {
  const bare: number[] = [];
  const help: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    bare.push(once(['-e', '0']));
    help.push(once([CLI, '--help']));
  }
  const [b, h] = [median(bare), median(help)];
  return [
    '| | median | |',
    '|---|---:|---:|',
    `| \`node -e 0\` | ${b.toFixed(0)} ms | |`,
    `| \`group-onboard --help\` | ${h.toFixed(0)} ms | ${(h / b).toFixed(2)} × |`,
  ].join('\n');
}
