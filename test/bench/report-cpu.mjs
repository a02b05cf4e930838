// Preloaded into a measured process: says on stderr what it cost. CPU of all its threads, user and system, milliseconds.
import { writeSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeSync(2, `MEASURED ${JSON.stringify({ cpuMs: (user + system) / 1_000, wallMs: performance.now() })}\n`);
});
