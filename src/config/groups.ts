import { type Env, noSender } from './api.ts';
import type { GroupsFlags } from './flags.ts';
import { type ReachConfig, reachConfig } from './reach.ts';
import { jsonOnStdout, type LogConfig, logConfig } from './run.ts';

export interface GroupsConfig extends ReachConfig {
  /** Path of the CSV; '-' is stdout, undefined: a table is shown instead. */
  readonly output: string | undefined;
  readonly excel: boolean;
  /** The summary goes to standard output as JSON. */
  readonly json: boolean;
  readonly log: LogConfig;
}

/** argv + env → one frozen Config, or an OnboardError with exit code 2. */
export function groupsConfig(flags: GroupsFlags, env: Env, stderrIsTerminal: boolean): GroupsConfig {
  const reach = reachConfig(flags, env);
  if (reach.target.kind === 'api' && reach.sender === undefined) throw noSender('groups');
  return Object.freeze({
    ...reach,
    output: flags.output,
    excel: flags.excel === true,
    json: jsonOnStdout(flags, flags.output),
    log: logConfig({ ...flags, progress: 'off' }, stderrIsTerminal),
  });
}
