/** Identifies the holder of a lock, and tells whether its process is alive. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill, pid } from 'node:process';
import { errorCode } from '../lib/files.ts';

/** Identity of a process, distinct from a later process with the same number. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Time at which it took the lock, ISO 8601. */
  readonly since: string;
  /** Boot of the kernel: Linux's boot_id, '' elsewhere. */
  readonly boot: string;
  /** Namespace of `pid`, which distinguishes two containers with one host name; '' where there is none. */
  readonly pids: string;
  /** Start of the process, in the kernel's ticks since boot; '' where it is unknown. */
  readonly started: string;
}

type Life = 'alive' | 'dead' | 'unknown';

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
 * Whether the holder is alive; `unknown` if its process number has no meaning here (another host, container or boot):
 * then only its heartbeat can tell. A suspended process (SIGSTOP) is alive, because it may continue.
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
  // A zombie has ended; another start time means that the number was reused.
  return found.ended || found.started !== holder.started ? 'dead' : 'alive';
}

/** Start and state of a process. Linux only. Source: proc_pid_stat(5), fields 3 (state) and 22 (starttime). */
function processOf(number: number): { readonly started: string; readonly ended: boolean } | undefined {
  const stat = quietly(() => readFileSync(`/proc/${number}/stat`, 'utf8'));
  // The second field is the program's name in parentheses, which may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? undefined : { started, ended: 'ZXx'.includes(state) };
}

/** Holder named in a first line of its file, or undefined if it does not name one (yet). */
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
