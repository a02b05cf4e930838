import type { ChatId, Outcome } from '../../domain/words.ts';
import type { AskOutcome, AskResult } from '../classify/classifier.ts';
import type { Settlement } from '../ports.ts';
import type { Groups } from './groups.ts';
import { GROUP_CAPACITY, type Standing } from './standing.ts';

type Outcomes = Extract<AskResult, { kind: 'outcomes' }>;

/** People of one group who refuse, and nobody who does not, before it may be the sender: whether it is an admin is read. */
const REFUSALS = 3;

const NOT_ADMIN = 'the group does not list the sending phone as an admin';

/** The refusals (401) of one group: each is about the person, unless the sender is not an admin and nobody accepts. */
interface Refusals {
  count: number;
  /** Somebody accepted: the sender may add people. */
  accepted: boolean;
  look: Promise<Standing | undefined> | undefined;
  /** Those settled before that is certain, as told by the answer, and whether they were settled as `not_admin`. */
  readonly settled: { readonly told: AskOutcome; notAdmin: boolean }[];
}

export interface Looked {
  /** The result as it is after the look. */
  readonly result: Outcomes;
  /** People settled before, by what is known now. */
  readonly corrected: readonly Settlement[];
}

/** Reads a group where an answer may mean two things, and its page tells which: that it is full, that the sender is not an admin. */
export class SecondLook {
  readonly #groups: Pick<Groups, 'read' | 'standing' | 'close'>;
  readonly #refusals = new Map<ChatId, Refusals>();

  constructor(groups: Pick<Groups, 'read' | 'standing' | 'close'>) {
    this.#groups = groups;
  }

  /** Closes the group where the sender turns out not to be an admin. */
  async at(chatId: ChatId, told: Outcomes): Promise<Looked> {
    const { result, corrected } = await this.#atRefusals(chatId, told);
    if (!result.inDoubt.some(({ perhapsFull }) => perhapsFull)) return { result, corrected };
    const members = (await this.#page(chatId))?.members ?? 0;
    return { result: members >= GROUP_CAPACITY ? asFull(result) : result, corrected };
  }

  async #atRefusals(chatId: ChatId, result: Outcomes): Promise<Looked> {
    const refused = result.outcomes.filter(isRefusal);
    const accepted = result.outcomes.some(
      ({ outcome }) => outcome.status === 'added' || outcome.status === 'invited',
    );
    if (refused.length === 0 && !accepted) return { result, corrected: [] };
    const known = this.#refusals.get(chatId) ?? { count: 0, accepted, look: undefined, settled: [] };
    this.#refusals.set(chatId, known);
    known.accepted ||= accepted;
    known.count += refused.length;
    if (!known.accepted && known.count >= REFUSALS) known.look ??= this.#page(chatId);
    const looked = await known.look;
    const notAdmin = !known.accepted && this.#groups.standing(chatId)?.senderIsAdmin === false;
    if (notAdmin && looked?.senderIsAdmin === false) {
      this.#groups.close(chatId, {
        reasonCode: 'not_admin',
        message: `everybody refuses (401), and ${NOT_ADMIN}`,
      });
    }
    const corrected = relabelled(chatId, known, notAdmin);
    if (!known.accepted) known.settled.push(...refused.map((told) => ({ told, notAdmin })));
    const outcomes = notAdmin
      ? result.outcomes.map((one) => (isRefusal(one) ? { ...one, outcome: asNotAdmin(one.outcome) } : one))
      : result.outcomes;
    return { result: { ...result, outcomes }, corrected };
  }

  async #page(chatId: ChatId): Promise<Standing | undefined> {
    return (await this.#groups.read(chatId)) === 'not_read' ? undefined : this.#groups.standing(chatId);
  }
}

function isRefusal({ outcome }: AskOutcome): boolean {
  return outcome.reasonCode === 'refused_by_person';
}

function asNotAdmin(outcome: Outcome): Outcome {
  const message =
    outcome.message === '' ? `refused (401); ${NOT_ADMIN}` : `${outcome.message} (${NOT_ADMIN})`;
  return { ...outcome, reasonCode: 'not_admin', message };
}

/** Those settled otherwise than by what is known now, as they are to be settled. */
function relabelled(chatId: ChatId, { settled }: Refusals, notAdmin: boolean): Settlement[] {
  const others = settled.filter((one) => one.notAdmin !== notAdmin);
  for (const one of others) one.notAdmin = notAdmin;
  return others.map(({ told: { participant, outcome } }) => ({
    pair: { chatId, participant },
    outcome: notAdmin ? asNotAdmin(outcome) : outcome,
  }));
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
