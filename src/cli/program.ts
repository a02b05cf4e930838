import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, relative } from 'node:path';
import { Command, type Option } from 'commander';
import { shellWords } from '../app/exit.ts';
import type { Io } from '../app/io.ts';
import type { Env } from '../config/api.ts';
import { isSwitch, variableOf } from '../config/typed-option.ts';
import { type ExitCode, OnboardError, usage } from '../domain/errors.ts';
import { visible } from '../domain/safe-text.ts';
import { nearest } from '../lib/text.ts';
import { commands } from './commands.ts';
import { completionCommand } from './completion-command.ts';

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
  for (const command of [...commands(io, done), completionCommand(io, done)])
    root.addCommand(command.copyInheritedSettings(root));
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

/**
 * Command line of the tool up to its own arguments, so that “type this next” can be pasted: the shortest words that run
 * this very script again from this folder, `npx group-onboard`, `group-onboard` where the shell finds it, or
 * `node dist/cli.js`. A package that npx has only fetched is named by its path, because elsewhere its name
 * may belong to another package.
 * @param script absolute path of the script that node was given
 */
export function invocation({
  script,
  cwd,
  env,
}: Pick<Io, 'env'> & { readonly script: string; readonly cwd: string }): readonly string[] {
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

/** Variables without a flag of the same name: read in run.ts, api.ts, cli.ts. */
const WITHOUT_FLAG = [
  'GROUP_ONBOARD_SHARDS',
  'GROUP_ONBOARD_REDIS_URL_FILE',
  'GROUP_ONBOARD_NOTIFY_FILE',
  'GROUP_ONBOARD_DEBUG',
];

/**
 * Applies the environment's variables that commander does not read by itself.
 * @param bound every command that has variables: one environment may serve them all
 * @throws OnboardError CONFIG where the meaning is ambiguous
 */
function applyEnvironment(command: Command, bound: readonly Command[], env: Env): void {
  const flags = bound.flatMap(({ options }) => options.map(variableOf));
  refuseUnknownVariables(env, new Set([...flags, ...WITHOUT_FLAG]));
  applySwitches(command, env);
  applyOwnNames(command, env);
  refuseLostAddress(command);
}

/**
 * Adds our own variable (GROUP_ONBOARD_PHONE) to each flag that commander reads from the vendor's (PERISKOPE_PHONE).
 */
function applyOwnNames(command: Command, env: Env): void {
  for (const option of command.options) {
    const { envVar } = option;
    const own = variableOf(option);
    const name = option.attributeName();
    if (envVar === undefined || envVar === own || command.getOptionValueSource(name) === 'cli') continue;
    const value = env[own]?.trim();
    if (!value) continue;
    const vendors = env[envVar]?.trim();
    if (vendors && vendors !== value) {
      throw usage(`${own} and ${envVar} are both set, and differ: unset one`);
    }
    command.setOptionValueWithSource(name, value, 'env');
  }
}

/**
 * Refuses a typed address that the sandbox would override silently. One from the environment is fine: it serves many
 * runs.
 */
function refuseLostAddress(command: Command): void {
  if (command.opts()['sandbox'] !== true || command.getOptionValueSource('baseUrl') !== 'cli') return;
  const sandbox = command.getOptionValueSource('sandbox') === 'env' ? 'GROUP_ONBOARD_SANDBOX' : '--sandbox';
  throw usage(
    `${sandbox} and --base-url exclude each other: the sandbox is a stand-in on this machine, and has no other address; leave one of them out`,
  );
}

const PREFIX = 'GROUP_ONBOARD_';

/**
 * Suffix of the variables that Kubernetes sets for each Service of a pod's namespace. For a Service called
 * group-onboard they start with our prefix.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/**
 * Refuses variables that nothing reads, because a mistyped one must not lose a cap silently.
 * An empty value counts as unset. No message shows the value, because it may be a secret.
 * @throws OnboardError CONFIG naming the first variable of ours that is not `known`
 */
export function refuseUnknownVariables(env: Env, known: ReadonlySet<string>): void {
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(PREFIX) || known.has(name) || !env[name]?.trim() || SERVICE_LINK.test(name))
      continue;
    const near = nearest(wordsOf(name), [...known], wordsOf);
    const advice =
      near === undefined ? 'unset it (--daily-cap is GROUP_ONBOARD_DAILY_CAP)' : `did you mean ${near}?`;
    throw usage(`${name} is not a variable of group-onboard: ${advice}`);
  }
}

const wordsOf = (name: string) => name.slice(PREFIX.length).replaceAll('_', '');

/**
 * Sets the switches that the environment turns on and the command line does not mention. Only listed words count:
 * `GROUP_ONBOARD_SANDBOX=false` is off, and a typo is an error.
 */
export function applySwitches(command: Command, env: Env): void {
  for (const option of command.options.filter(isSwitch)) {
    const variable = variableOf(option);
    const word = env[variable]?.trim().toLowerCase();
    if (word === undefined || word === '') continue;
    if (!/^(?:1|true|yes|on|0|false|no|off)$/.test(word)) {
      throw usage(`${variable}=${env[variable]}: write true or false`);
    }
    const on = /^(?:1|true|yes|on)$/.test(word);
    const name = option.attributeName();
    if (on && command.getOptionValueSource(name) !== 'cli')
      command.setOptionValueWithSource(name, !option.negate, 'env');
  }
}
