import type { ExitCode } from '../../domain/errors.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { ChatId } from '../../domain/words.ts';
import type { GroupLine } from '../terminal/groups.ts';
import type { Countries } from './countries.ts';
import type { Tally } from './tally.ts';

/** Everything that is known when a command ends: what the summaries for machines and for CI are made of. */
export interface Ending {
  readonly command: 'run' | 'follow-up' | 'check' | 'report' | 'merge' | 'groups';
  /** The file that was read, as the user named it; `-` is standard input. */
  readonly cohort: string;
  /** Where the results went; undefined: standard output, or nowhere. */
  readonly results: string | undefined;
  readonly ledger: string | undefined;
  readonly sandbox: boolean;
  readonly dryRun: boolean;
  /** Like `2/4`; undefined: the whole cohort. */
  readonly shard?: string | undefined;
  readonly tally: Tally;
  /** Of the people whom this run was to ask; undefined: it was to ask nobody. */
  readonly countries?: Countries | undefined;
  /** The phone's groups, where the command lists them. */
  readonly listed?: readonly GroupLine[] | undefined;
  /** Raw and untrusted, or '' while unknown. */
  readonly groupName: (chatId: ChatId) => string;
  readonly exit: ExitCode;
  /** Why it ended before its end. */
  readonly stopped: { readonly code: ReasonCode; readonly message: string } | undefined;
  /** What to do next, when something is left to do. */
  readonly next: string | undefined;
  readonly asks: number;
  /** Answers 429. */
  readonly throttled: number;
  /** Milliseconds in which somebody waited and nothing might start, by what was waited for. */
  readonly waitedMs: ReadonlyMap<string, number>;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** By the monotonic clock, which no change of the time of day touches. */
  readonly elapsedMs: number;
}
