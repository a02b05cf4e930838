import { maskChatId } from '../../domain/chat-id.ts';
import { type Place, rowText } from '../../domain/place.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { maskSender } from '../../domain/sender.ts';
import type { ChatId, Problem } from '../../domain/words.ts';
import { count, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { type Countries, countryLines } from '../summary/countries.ts';
import { publicText } from '../summary/public-text.ts';

interface Plan {
  readonly rows: number;
  readonly toAsk: number;
  readonly duplicates: number;
  readonly invalid: number;
  readonly known: number;
  readonly groups: ReadonlyMap<ChatId, number>;
  readonly invalidByReason: ReadonlyMap<ReasonCode, number>;
  readonly countries: Countries;
}

export interface PlanFacts {
  readonly plan: Plan;
  readonly asks: number;
  readonly estimateMs: number;
  /** Of a cohort that names its senders: people per sending phone; undefined is the run's own (`--phone`). */
  readonly senders: readonly { readonly sender: string | undefined; readonly people: number }[];
  /** Problems that were shown one by one above. */
  readonly shown: number;
  /** Like `2/4`; undefined: the whole cohort. */
  readonly shard?: string | undefined;
  readonly colour?: boolean;
}

const MOST_GROUPS = 20;
const [RED, DIM, CYAN] = [31, 2, 36] as const;

function paint(colour: boolean, code: number, text: string): string {
  return colour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/**
 * `cohort.csv row 17, Asha Rao: phone: “9.19875E+11” is …`. A person at a terminal sees the cell as it is, and the name;
 * elsewhere the line ends up in a log, which names nobody, and numbers in it are masked.
 */
export function problemLine(
  file: string,
  row: Place,
  who: string,
  problem: Problem,
  terminal: boolean,
  colour = false,
): string {
  const name = terminal && who !== '' ? `, ${plain(who, 60)}` : '';
  const column = problem.column === undefined ? '' : `${plain(problem.column, 40)}: `;
  const message = terminal ? plain(problem.message) : publicText(problem.message, 1_000);
  return `${plain(file)} ${rowText(row)}${name}: ${column}${message} ${paint(colour, RED, `[${problem.code}]`)}\n`;
}

/** What `run` would do, for people. */
export function planText({
  plan,
  asks,
  estimateMs,
  senders,
  shown,
  shard,
  colour = false,
}: PlanFacts): string {
  const lines: string[] = [];
  if (plan.invalid > shown) {
    lines.push(
      `… and ${count(plan.invalid - shown, 'more row')} with problems, ${count(plan.invalid, 'row')} in all:`,
    );
    for (const [code, rows] of [...plan.invalidByReason].sort((a, b) => b[1] - a[1])) {
      lines.push(
        `  ${String(rows).padStart(7)}  ${code}: ${REASONS[code].meaning} → ${REASONS[code].advice}`,
      );
    }
  }
  if (plan.invalid > 0) lines.push('');
  const of = shard === undefined ? '' : ` of shard ${shard}`;
  lines.push(
    `${count(plan.rows, 'row')}${of}: ${paint(colour, CYAN, `${count(plan.toAsk, 'person', 'people')} to ask`)}`,
  );
  if (plan.known > 0)
    lines.push(
      `  ${String(plan.known).padStart(7)}  ${paint(colour, DIM, 'known already')}: not asked again`,
    );
  if (plan.duplicates > 0)
    lines.push(
      `  ${String(plan.duplicates).padStart(7)}  ${paint(colour, DIM, 'duplicate')}: the same person and group as another row`,
    );
  if (plan.invalid > 0)
    lines.push(
      `  ${String(plan.invalid).padStart(7)}  ${paint(colour, RED, 'invalid')}: cannot be used; nobody is asked`,
    );
  const { size } = plan.countries;
  if (size > 0) {
    const heading = `${count(size, 'country', 'countries')}: `;
    lines.push(...countryLines(plan.countries, heading, 11, colour));
  }
  const groups = [...plan.groups].filter(([, people]) => people > 0);
  lines.push(
    `${count(groups.length, 'group')}, ${count(asks, 'ask')}, about ${formatDuration(estimateMs)} at this pace`,
  );
  for (const [chatId, people] of groups.slice(0, MOST_GROUPS))
    lines.push(`  ${String(people).padStart(7)}  ${maskChatId(chatId)}`);
  if (groups.length > MOST_GROUPS)
    lines.push(`           … and ${count(groups.length - MOST_GROUPS, 'more group')}`);
  lines.push(...sendersLines(senders));
  return `${lines.join('\n')}\n`;
}

function sendersLines(senders: PlanFacts['senders']): string[] {
  if (senders.length === 0) return [];
  const lines = [count(senders.length, 'sending phone')];
  for (const { sender, people } of senders.slice(0, MOST_GROUPS)) {
    const who = sender === undefined ? 'rows that name none: the one of --phone' : maskSender(sender);
    lines.push(`  ${String(people).padStart(7)}  ${who}`);
  }
  if (senders.length > MOST_GROUPS)
    lines.push(`           … and ${count(senders.length - MOST_GROUPS, 'more phone')}`);
  return lines;
}
