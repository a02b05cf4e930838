/** Who holds a lock, and whether that process is still there. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';
import { errorCode } from '../lib/files.ts';

/** A process, named so that a later one with the same number is not taken for it. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When it took the lock, ISO 8601. */
  readonly since: string;
  /** Which boot of which kernel: Linux's boot_id, '' elsewhere. */
  readonly boot: string;
  /** Which namespace `pid` counts in: two containers with one host name are told apart. '' where there is none. */
  readonly pids: string;
  /** When the process started, in the kernel's ticks since boot; '' where it cannot be known. */
  readonly started: string;
}

export type Life = 'alive' | 'dead' | 'unknown';

export function thisProcess(since: string): Holder {
  return {
    pid,
    host: hostname(),
    since,
    boot: quietly(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pids: quietly(() => readlinkSync('/proc/self/ns/pid')),
    started: processOf(pid)?.started ?? '',
  };
}

/**
 * `unknown` when the holder's process number means nothing here (another host, another container, another boot): then
 * only its heartbeat can tell. A suspended process (SIGSTOP) is alive: it will go on.
 */
export function lifeOf(holder: Holder, self: Holder): Life {
  if (holder.host !== self.host || holder.boot !== self.boot || holder.pids !== self.pids) return 'unknown';
  try {
    kill(holder.pid, 0);
  } catch (error) {
    return errorCode(error) === 'ESRCH' ? 'dead' : 'alive';
  }
  const found = processOf(holder.pid);
  if (found === undefined || holder.started === '') return 'alive';
  // A zombie has ended and waits to be collected; another start time means that the number was given out again.
  return found.ended || found.started !== holder.started ? 'dead' : 'alive';
}

/** Linux only. Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime). */
function processOf(number: number): { readonly started: string; readonly ended: boolean } | undefined {
  const stat = quietly(() => readFileSync(`/proc/${number}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { started, ended: 'ZXx'.includes(state) };
}

/** The holder that a lock file names, or undefined when it does not hold one (yet). */
export function parseHolder(text: string): Holder | undefined {
  try {
    const it = JSON.parse(text) as Partial<Record<keyof Holder, unknown>>;
    const sound =
      Number.isInteger(it.pid) &&
      (it.pid as number) > 0 &&
      [it.host, it.since, it.boot, it.pids, it.started].every((one) => typeof one === 'string');
    return sound ? (it as unknown as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function quietly(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
