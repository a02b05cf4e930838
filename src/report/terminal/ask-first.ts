import { maskChatId } from '../../domain/chat-id.ts';
import { maskSender } from '../../domain/sender.ts';
import type { ChatId } from '../../domain/words.ts';
import { count, cutMiddle, plain } from '../../lib/text.ts';
import { formatDuration } from '../../lib/units.ts';
import { type Countries, countryLines } from '../summary/countries.ts';

export interface SendingPlan {
  readonly people: number;
  readonly asks: number;
  readonly groups: readonly {
    readonly chatId: ChatId;
    readonly name: string;
    readonly people: number;
    /** What will go wrong there, by what the API says of the group. */
    readonly trouble?: string | undefined;
  }[];
  readonly countries: Countries;
  /** `x-phone`, digits or `phone-…`, of each sending phone, with the people it asks. */
  readonly senders: readonly { readonly sender: string; readonly people: number }[];
  /** The flags that slow the run down, in words; empty when nothing goes below the server's limit. */
  readonly pace: string;
  readonly estimateMs: number;
  /** Risk of this pace; undefined when there is none to name. */
  readonly risk?: string | undefined;
}

/** More people than this are a risk for a phone that nothing slows down: it was throttled after a few adds. */
const FEW = 10;
const MOST_GROUPS = 15;
const MOST_SENDERS = 10;

/**
 * Risk of a run without any pace, and how long `--careful` takes; undefined for a few people.
 * Source: what people have reported and the vendor advises, README.md, “Not too fast”.
 */
export function banRisk(people: number, carefulMs: number): string | undefined {
  if (people <= FEW) return undefined;
  return (
    `${people} people with no pause between them: phones were throttled or banned after a few adds that fast, and the vendor ` +
    `advises 15–20 people per group per day; --careful keeps to that, and takes about ${formatDuration(carefulMs)}`
  );
}

/** What is about to happen, for a person to say yes or no to. */
export function sendingPlanText(plan: SendingPlan, colour: boolean): string {
  // Groups in which something will go wrong are shown whatever their place.
  const shown = [
    ...plan.groups.slice(0, MOST_GROUPS),
    ...plan.groups.slice(MOST_GROUPS).filter(({ trouble }) => trouble !== undefined),
  ];
  const lines = [
    '',
    `About to ask ${count(plan.people, 'person', 'people')} into ${count(plan.groups.length, 'group')}:`,
    ...shown.flatMap(({ chatId, name, people, trouble }) => {
      const id = maskChatId(chatId);
      const known = name ? `${cutMiddle(plain(name), 60)}  (${id})` : id;
      const line = `  ${String(people).padStart(7)}  ${known}`;
      return trouble === undefined ? [line] : [line, `           look: ${trouble}`];
    }),
  ];
  if (plan.groups.length > shown.length) {
    lines.push(`           … and ${count(plan.groups.length - shown.length, 'more group')}`);
  }
  lines.push(
    ...countryLines(plan.countries, '  people   ', 11, colour),
    ...sendersLines(plan),
    `  pace     ${plan.pace || 'as fast as the server allows'}, about ${formatDuration(plan.estimateMs)} (${count(plan.asks, 'ask')})`,
    ...(plan.risk === undefined ? [] : [`  risk     ${plan.risk}`]),
    '',
  );
  return `${lines.join('\n')}\n`;
}

/** One phone: which. Several: how many people each of them asks. */
function sendersLines({ senders }: SendingPlan): string[] {
  const several = senders.length > 1;
  const lines = senders.slice(0, MOST_SENDERS).map(({ sender, people }, at) => {
    const who = several ? `${maskSender(sender)}  ${count(people, 'person', 'people')}` : maskSender(sender);
    return `  ${at === 0 ? 'from' : '    '}     ${who}`;
  });
  const more = senders.length - MOST_SENDERS;
  return more > 0 ? [...lines, `           … and ${count(more, 'more phone')}`] : lines;
}
