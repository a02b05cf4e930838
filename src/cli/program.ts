import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative } from 'node:path';
import { Command, type Option } from 'commander';
import { shellWords } from '../app/exit.ts';
import type { Io } from '../app/io.ts';
import { variableOf } from '../config/typed-option.ts';
import { type ExitCode, OnboardError } from '../domain/errors.ts';
import { visible } from '../domain/safe-text.ts';
import { nearest } from '../lib/text.ts';
import {
  checkCommand,
  explainCommand,
  followUpCommand,
  groupsCommand,
  mergeCommand,
  rebuildLedgerCommand,
  reportCommand,
  runCommand,
} from './commands.ts';
import { completionCommand } from './completion-command.ts';
import { applyEnvironment } from './environment.ts';
import { sandboxCommand } from './sandbox-command.ts';

const EXIT_CODES = `
Exit codes:
  0  every row has an accepted outcome        5  stopped for safety (key, phone, breaker, --max-errors)
  2  usage or configuration; nothing sent     6  another run asks the same people
  3  the cohort is unusable; nothing sent    75  stopped before the end: run again to go on
  4  finished; some rows failed, invalid    130  stopped by Ctrl-C, 143 by SIGTERM: run again to go on
     or unknown                               1  a defect of ours
`;

/** Commands whose flags can not be set by the environment. */
const UNBOUND = new Set(['sandbox', 'completion', 'explain']);

/**
 * Whole command line. `version` comes from package.json.
 * @param begins called before the named command begins, with the exit codes that end as 0
 */
export function program(
  io: Io,
  version: string,
  done: (exit: ExitCode) => void,
  begins: (okCodes: readonly ExitCode[]) => void = () => {},
): Command {
  const root = new Command('group-onboard')
    .description('Gets every person of a cohort CSV into their WhatsApp group through the Periskope API.')
    .version(version, '-V, --version')
    .showSuggestionAfterError(true)
    .addHelpText('after', EXIT_CODES);
  root.addCommand(inherit(root, runCommand(io, done)));
  root.addCommand(inherit(root, checkCommand(io, done)));
  root.addCommand(inherit(root, followUpCommand(io, done)));
  root.addCommand(inherit(root, groupsCommand(io, done)));
  root.addCommand(inherit(root, reportCommand(io, done)));
  root.addCommand(inherit(root, mergeCommand(io, done)));
  root.addCommand(inherit(root, explainCommand(io, done)));
  root.addCommand(inherit(root, rebuildLedgerCommand(io, done)));
  root.addCommand(inherit(root, sandboxCommand(io, done)));
  root.addCommand(inherit(root, completionCommand(io, done)));
  root.helpCommand('help [command]', 'show the help of a command');
  root.on('command:*', ([word = '']: readonly string[]) => {
    const names = root.commands.map((one) => one.name());
    throw noCommand(word, io.command, names);
  });
  root.hook('preAction', (_root, command) => {
    const bound = root.commands.filter((one) => !UNBOUND.has(one.name()));
    if (bound.includes(command)) applyEnvironment(command, bound, io.env);
    begins(command.opts<{ okCodes?: readonly ExitCode[] }>().okCodes ?? []);
  });
  for (const command of [root, ...root.commands]) {
    command.exitOverride();
    command.configureHelp({ optionDescription: describe });
    command.configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      // Turns commander's own “error: …” into one line of ours, before the exit with 2.
      outputError: (text, write) => write(`${refusal(text, command === root)}\n`),
      getOutHelpWidth: () => Math.min(('columns' in io.stdout && Number(io.stdout.columns)) || 100, 110),
    });
  }
  return root;
}

function refusal(text: string, isRoot: boolean): string {
  const said = visible(text.trimEnd().replace(/^error: /, ''));
  const lost = isRoot && /^unknown option (?!.*Did you mean)/.test(said);
  return `group-onboard: ${said}${lost ? ': flags come behind a command: run or check?' : ''}`;
}

/** Description of an option, with its default and choices. Variables follow one rule, given once at the end. */
function describe(option: Option): string {
  const value = option.defaultValueDescription ?? option.defaultValue;
  const facts = [
    option.argChoices && `${option.argChoices.join(', ')}`,
    value !== undefined && typeof value !== 'boolean' && `default: ${value}`,
    option.envVar?.startsWith('PERISKOPE_') && `env: ${option.envVar} or ${variableOf(option)}`,
  ].filter(Boolean);
  return facts.length > 0 ? `${option.description} (${facts.join('; ')})` : option.description;
}

function inherit(root: Command, command: Command): Command {
  return command.copyInheritedSettings(root);
}

/**
 * Message for a first word that is not a command. A file needs a command; for another word, the nearest one is named.
 */
export function noCommand(
  word: string,
  typed: readonly string[],
  commands: readonly string[],
  isThere: (path: string) => boolean = existsSync,
): OnboardError {
  if (word === '-' || /[./\\]/.test(word) || isThere(word)) {
    const at = Math.max(typed.indexOf(word), 0);
    const check = shellWords([...typed.slice(0, at), 'check', ...typed.slice(at)]);
    const message = `run or check? ${word} is a file, and a command comes before it; to see what would happen, with nothing sent: ${check}`;
    return new OnboardError('USAGE', message);
  }
  const near = nearest(word.toLowerCase(), commands, (name) => name);
  const advice = near === undefined ? `it is one of ${commands.join(', ')}` : `did you mean ${near}?`;
  return new OnboardError('USAGE', `“${word}” is not a command: ${advice}`);
}

const NAME = 'group-onboard';

/** Call of the tool, as the process sees it. */
interface Caller {
  /** Absolute path of the script that node was given. */
  readonly script: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Command line of the tool up to its own arguments, so that “type this next” can be pasted: the shortest words that run
 * this very script again from this folder, `npx group-onboard`, `group-onboard` where the shell
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
