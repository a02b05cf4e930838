import type { ChatId } from '../domain/words.ts';
import type { AskResult } from './classifier.ts';
import type { Groups } from './groups.ts';
import { GROUP_CAPACITY, type Standing } from './standing.ts';

type Outcomes = Extract<AskResult, { kind: 'outcomes' }>;

/** People of one group who refuse, and nobody who does not, before it may be the sender: whether it is an admin is read. */
const REFUSALS = 3;

/** Reads a group where an answer may mean two things, and its page tells which: that it is full, that the sender is not an admin. */
export class SecondLook {
  readonly #groups: Pick<Groups, 'read' | 'standing' | 'close'>;
  /** By group: so many refused so far; Infinity: somebody did not, or the group was looked at. */
  readonly #refusals = new Map<ChatId, number>();

  constructor(groups: Pick<Groups, 'read' | 'standing' | 'close'>) {
    this.#groups = groups;
  }

  /** The result as it is after the look. Closes the group where the sender turns out not to be an admin. */
  async at(chatId: ChatId, result: Outcomes): Promise<Outcomes> {
    await this.#atRefusals(chatId, result);
    if (!result.inDoubt.some(({ perhapsFull }) => perhapsFull)) return result;
    const members = (await this.#page(chatId))?.members ?? 0;
    return members >= GROUP_CAPACITY ? asFull(result) : result;
  }

  async #atRefusals(chatId: ChatId, { outcomes }: Outcomes): Promise<void> {
    const refused = outcomes.filter(({ outcome }) => outcome.reasonCode === 'refused_by_person').length;
    const success = outcomes.some(
      ({ outcome }) => outcome.status === 'added' || outcome.status === 'invited',
    );
    if (refused === 0 && !success) return;
    const before = this.#refusals.get(chatId) ?? 0;
    const count = success ? Number.POSITIVE_INFINITY : before + refused;
    this.#refusals.set(chatId, count >= REFUSALS ? Number.POSITIVE_INFINITY : count);
    if (success || before === Number.POSITIVE_INFINITY || count < REFUSALS) return;
    if ((await this.#page(chatId))?.senderIsAdmin !== false) return;
    const message = 'everybody refuses (401), and the group does not list the sending phone as an admin';
    this.#groups.close(chatId, { reasonCode: 'not_admin', message });
  }

  async #page(chatId: ChatId): Promise<Standing | undefined> {
    return (await this.#groups.read(chatId)) === 'not_read' ? undefined : this.#groups.standing(chatId);
  }
}

function asFull(result: Outcomes): Outcomes {
  const { httpStatus, traceId } = result;
  const full = result.inDoubt.filter(({ perhapsFull }) => perhapsFull);
  const outcomes = full.map(({ participant, message }) => ({
    participant,
    outcome: { status: 'failed', reasonCode: 'group_full', message, httpStatus, traceId } as const,
    effect: 'group_full' as const,
  }));
  return {
    ...result,
    outcomes: [...result.outcomes, ...outcomes],
    inDoubt: result.inDoubt.filter(({ perhapsFull }) => !perhapsFull),
  };
}
