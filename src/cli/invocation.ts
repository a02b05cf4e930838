/** How the tool was called: the words before its own arguments, so that “type this next” can be pasted. */
import { basename, delimiter, dirname, isAbsolute, join, relative } from 'node:path';

const NAME = 'group-onboard';

export interface Caller {
  /** The script as node was given it, made absolute. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * `npx group-onboard`, `group-onboard` where the shell finds it, or `node dist/cli.js`: what brings this very script to run again
 * from this folder. A package that npx has only fetched is named by its path, because its name may be somebody else's elsewhere.
 */
export function invocation({ script, cwd, env }: Caller): readonly string[] {
  const folder = dirname(script);
  if (basename(script) !== NAME) return ['node', shortest(script, cwd)];
  const isInProject = folder.endsWith(join('node_modules', '.bin')) && !folder.includes('_npx');
  if (isInProject && env['npm_command'] !== undefined) return ['npx', NAME];
  const paths = (env['PATH'] ?? '').split(delimiter);
  // npx and npm put their own folders into PATH, and take them with them.
  const isNpm = env['npm_command'] !== undefined && folder.includes('node_modules');
  if (paths.includes(folder) && !isNpm) return [NAME];
  const path = shortest(script, cwd);
  return [path.includes('/') ? path : `./${path}`];
}

/** From this folder where the script is below it; elsewhere the whole path. */
function shortest(script: string, cwd: string): string {
  const path = relative(cwd, script);
  return path === '' || path.startsWith('..') || isAbsolute(path) ? script : path;
}
