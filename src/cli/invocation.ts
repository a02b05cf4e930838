/** Command line of the tool up to its own arguments, so that “type this next” can be pasted. */
import { basename, delimiter, dirname, isAbsolute, join, relative } from 'node:path';

const NAME = 'group-onboard';

export interface Caller {
  /** Absolute path of the script that node was given. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Shortest words that run this very script again from this folder: `npx group-onboard`, `group-onboard` where the shell
 * finds it, or `node dist/cli.js`. A package that npx has only fetched is named by its path, because elsewhere its name
 * may belong to another package.
 */
export function invocation({ script, cwd, env }: Caller): readonly string[] {
  const folder = dirname(script);
  if (basename(script) !== NAME) return ['node', shortest(script, cwd)];
  const isInProject = folder.endsWith(join('node_modules', '.bin')) && !folder.includes('_npx');
  if (isInProject && env['npm_command'] !== undefined) return ['npx', NAME];
  const paths = (env['PATH'] ?? '').split(delimiter);
  // npx and npm put their own folders into PATH, for the time of the command only.
  const isNpm = env['npm_command'] !== undefined && folder.includes('node_modules');
  if (paths.includes(folder) && !isNpm) return [NAME];
  const path = shortest(script, cwd);
  return [path.includes('/') ? path : `./${path}`];
}

/** Relative path where the script is below this folder, else the absolute path. */
function shortest(script: string, cwd: string): string {
  const path = relative(cwd, script);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? script : path;
}
