import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Path of a built file, such as `cli.js`. Throws when the build is missing or older than its sources: `npm test` builds
 * first, but `npx vitest` alone does not.
 */
export function built(file: string): string {
  const path = join(ROOT, 'dist', file);
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const newest = Math.max(...sources.map((source) => statSync(join(ROOT, 'src', source)).mtimeMs));
  const at = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (at < newest) throw new Error(`${path} is older than src: run \`npm test\`, or \`npm run build\` first`);
  return path;
}
