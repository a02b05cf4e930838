/**
 * `npm run bench`, or one part of it: `npm run bench -- limiter`. Every part compares in one run and prints a table;
 * machines are noisy, so read the ratios.
 */
const PARTS: Readonly<Record<string, () => Promise<{ bench(): Promise<string> }>>> = {
  check: () => import('./check.ts'),
  fsync: () => import('./fsync.ts'),
  'ledger-open': () => import('./ledger-open.ts'),
  limiter: () => import('./limiter.ts'),
  shared: () => import('./shared.ts'),
  throughput: () => import('./throughput.ts'),
  startup: () => import('./startup.ts'),
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are: ${Object.keys(PARTS).join(', ')}`);
  process.exit(2);
}
for (const [name, load] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const { bench } = await load();
  console.log(`## ${name}\n\n${await bench()}\n`);
}
