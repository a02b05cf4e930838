import { maskChatId, maskSender } from '../../domain/ids.ts';
import { REASONS, type ReasonCode } from '../../domain/reasons.ts';
import { type ChatId, type Place, type Problem, rowText } from '../../domain/words.ts';
import { count, cutMiddle, paint, plain, publicText } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { type Countries, countryLines } from '../summary/countries.ts';
import { countLine, firstLines } from '../summary/tally.ts';

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

interface PlanFacts {
  readonly plan: Plan;
  readonly asks: number;
  readonly estimateMs: number;
  /** People per sending phone, in a cohort that names its senders; undefined: the run's own phone (`--phone`). */
  readonly senders: readonly { readonly sender: string | undefined; readonly people: number }[];
  /** Number of problems already shown one by one. */
  readonly shown: number;
  readonly shard?: string | undefined;
  readonly colour?: boolean;
}

const MOST_GROUPS = 20;
const [RED, DIM, CYAN] = [31, 2, 36] as const;

/**
 * `cohort.csv row 17, Asha Rao: phone: “9.19875E+11” is …`. A terminal shows the unchanged cell and the name; elsewhere
 * the line may be logged, so it has no name, and its numbers are masked.
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
      lines.push(countLine(rows, `${code}: ${REASONS[code].meaning} → ${REASONS[code].advice}`));
    }
  }
  if (plan.invalid > 0) lines.push('');
  const of = shard === undefined ? '' : ` of shard ${shard}`;
  const told = (n: number, code: number, what: string, meaning: string) =>
    n > 0 ? [countLine(n, `${paint(colour, code, what)}: ${meaning}`)] : [];
  lines.push(
    `${count(plan.rows, 'row')}${of}: ${paint(colour, CYAN, `${count(plan.toAsk, 'person', 'people')} to ask`)}`,
    ...told(plan.known, DIM, 'known already', 'not asked again'),
    ...told(plan.duplicates, DIM, 'duplicate', 'the same person and group as another row'),
    ...told(plan.invalid, RED, 'invalid', 'cannot be used; nobody is asked'),
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
  lines.push(
    ...firstLines(groups, MOST_GROUPS, 'group', ([chatId, people]) => countLine(people, maskChatId(chatId))),
    ...(senders.length === 0 ? [] : [count(senders.length, 'sending phone')]),
    ...firstLines(senders, MOST_GROUPS, 'phone', ({ sender, people }) =>
      countLine(
        people,
        sender === undefined ? 'rows that name none: the one of --phone' : maskSender(sender),
      ),
    ),
  );
  return `${lines.join('\n')}\n`;
}

interface SendingPlan {
  readonly people: number;
  readonly asks: number;
  readonly groups: readonly {
    readonly chatId: ChatId;
    readonly name: string;
    readonly people: number;
    /** Expected problem in the group, from the API's data. */
    readonly trouble?: string | undefined;
  }[];
  readonly countries: Countries;
  /** `x-phone` (digits or `phone-…`) of each sending phone, with the number of people it asks. */
  readonly senders: readonly { readonly sender: string; readonly people: number }[];
  /** Flags that slow the run down, in words; empty if only the server's limit applies. */
  readonly pace: string;
  readonly estimateMs: number;
  readonly risk?: string | undefined;
}

/** Most people without a risk for a phone without any pace: such phones were throttled after a few adds. */
const FEW = 10;
const MOST_GROUPS_TO_CONFIRM = 15;
const MOST_SENDERS = 10;

/**
 * Risk of a run without any pace, and how long `--careful` takes; undefined for a few people.
 * Source: users' reports and the vendor's advice, README.md, “Not too fast”.
 */
export function banRisk(people: number, carefulMs: number): string | undefined {
  if (people <= FEW) return undefined;
  return (
    `${people} people with no pause between them: phones were throttled or banned after a few adds that fast, and the vendor ` +
    `advises 15–20 people per group per day; --careful keeps to that, and takes about ${formatDuration(carefulMs)}`
  );
}

export function sendingPlanText(plan: SendingPlan, colour: boolean): string {
  // Groups with an expected problem are always shown.
  const shown = [
    ...plan.groups.slice(0, MOST_GROUPS_TO_CONFIRM),
    ...plan.groups.slice(MOST_GROUPS_TO_CONFIRM).filter(({ trouble }) => trouble !== undefined),
  ];
  const lines = [
    '',
    `About to ask ${count(plan.people, 'person', 'people')} into ${count(plan.groups.length, 'group')}:`,
    ...shown.flatMap(({ chatId, name, people, trouble }) => {
      const id = maskChatId(chatId);
      const known = name ? `${cutMiddle(plain(name), 60)}  (${id})` : id;
      const line = countLine(people, known);
      return trouble === undefined ? [line] : [line, `           look: ${trouble}`];
    }),
  ];
  if (plan.groups.length > shown.length) {
    lines.push(`           … and ${count(plan.groups.length - shown.length, 'more group')}`);
  }
  lines.push(
    ...countryLines(plan.countries, '  people   ', 11, colour),
    ...fromLines(plan),
    `  pace     ${plan.pace || 'as fast as the server allows'}, about ${formatDuration(plan.estimateMs)} (${count(plan.asks, 'ask')})`,
    ...(plan.risk === undefined ? [] : [`  risk     ${plan.risk}`]),
    '',
  );
  return `${lines.join('\n')}\n`;
}

/** Lines on the sending phones: the only one, or the number of people that each of several asks. */
function fromLines({ senders }: SendingPlan): string[] {
  const several = senders.length > 1;
  return firstLines(senders, MOST_SENDERS, 'phone', ({ sender, people }, at) => {
    const who = several ? `${maskSender(sender)}  ${count(people, 'person', 'people')}` : maskSender(sender);
    return `  ${at === 0 ? 'from' : '    '}     ${who}`;
  });
}
