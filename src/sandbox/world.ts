/** State behind the API: the members of each group, and the effect of an ask on them. Independent of HTTP. */
import { personKey } from '../domain/ids.ts';
import { FAULTS, type FaultContext, type FaultRow, faultOutcome, phoneNotConnected } from './endings.ts';
import {
  chatBody,
  defaultMembers,
  GROUP_CAPACITY,
  groupKind,
  groupName,
  type Happening,
  LISTED_GROUPS,
  listBody,
  type Member,
  NOT_ADMIN,
  notificationsBody,
  type PhoneState,
  phoneOf,
  SANDBOX_PHONE,
  VERDICTS,
} from './groups.ts';
import {
  ALREADY_MEMBER,
  type Effect,
  GROUP_FULL,
  NO_ADMIN,
  naturalOutcome,
  OUTCOMES,
  type OutcomeRow,
  type ParticipantAnswer,
  REFUSED,
  SERVER_TROUBLE,
} from './outcomes.ts';
import { type Answer, type Ask, apiError, json, type ListRequest, surelyRefused } from './protocol.ts';

/** Result of an ask: the answer, and the effect on each participant, if any. */
export interface Deed {
  readonly answer: Answer;
  /** Whether the client must count it as an ask: see `SandboxCounts`. */
  readonly asked: boolean;
  /** Effects by participant; empty if nothing was processed. */
  readonly effects: Readonly<Record<string, Effect>>;
  /** Ending of the fault that struck, or ''. */
  readonly fault: string;
}

/** An ask, with the `x-phone` that it is sent through. */
type SentAsk = Ask & { readonly sender: string };

export type Surroundings = Pick<FaultContext, 'slowMs' | 'decoyUrl' | 'disconnectedStatus'>;

const pairOf = (chatId: string, participant: string): string => `${chatId} ${participant}`;

export class World {
  keyRevoked = false;
  phoneConnected = true;
  /** Whether WhatsApp has blocked the phone's number. */
  phoneBlocked = false;
  /** `x-phone` values of single phones that are not connected. */
  disconnected: ReadonlySet<string> = new Set();
  /** Names of groups, and further groups to list: chat_id → name. */
  named: ReadonlyMap<string, string> = new Map();
  readonly #seeds: readonly (readonly [chatId: string, participant: string])[];
  /** chat_id → person → member. A group is created at its first use. */
  readonly #groups = new Map<string, Map<string, Member>>();
  /** chat_id → membership changes, in order. */
  readonly #happenings = new Map<string, Happening[]>();
  /** Pairs whose once-only fault has occurred. */
  readonly #struck = new Set<string>();

  constructor(seeds: readonly (readonly [chatId: string, participant: string])[] = []) {
    this.#seeds = seeds;
  }

  reset(): void {
    this.keyRevoked = false;
    this.phoneConnected = true;
    this.phoneBlocked = false;
    this.disconnected = new Set();
    this.#groups.clear();
    this.#happenings.clear();
    this.#struck.clear();
  }

  phoneState(xPhone: string): PhoneState {
    if (this.phoneBlocked) return 'TOS_BLOCK';
    return this.phoneConnected && !this.disconnected.has(xPhone) ? 'CONNECTED' : 'DISCONNECTED';
  }

  membersOf(chatId: string): Map<string, Member> {
    const known = this.#groups.get(chatId);
    if (known) return known;
    const members = new Map<string, Member>();
    this.#groups.set(chatId, members);
    this.#enter(members, SANDBOX_PHONE, true, !NOT_ADMIN.has(groupKind(chatId)));
    for (const digits of defaultMembers(chatId)) this.#enter(members, digits, true);
    for (const [group, digits] of this.#seeds) if (group === chatId) this.#enter(members, digits, true);
    return members;
  }

  /** Adds a person to a group without an ask: an invite was accepted, or a record is replayed. */
  join(chatId: string, participant: string): void {
    if (this.#enter(this.membersOf(chatId), participant, false))
      this.#happens(chatId, 'invite', participant, participant);
  }

  leave(chatId: string, participant: string): void {
    if (this.membersOf(chatId).delete(personKey(participant)))
      this.#happens(chatId, 'leave', participant, participant);
  }

  /** Removes a person from a group, by the sandbox's own phone. */
  remove(chatId: string, participant: string): void {
    if (this.membersOf(chatId).delete(personKey(participant)))
      this.#happens(chatId, 'remove', SANDBOX_PHONE, participant);
  }

  #happens(chatId: string, type: Happening['type'], author: string, who: string): void {
    const happenings = this.#happenings.get(chatId) ?? [];
    this.#happenings.set(chatId, happenings);
    happenings.push({ type, author: `${author}@c.us`, who: `${who}@c.us`, at: Date.now() });
  }

  /** Restores the state after a recorded ask of an earlier process, without an answer. */
  replay(chatId: string, effects: Readonly<Record<string, Effect>>, struck: readonly string[]): void {
    for (const [participant, effect] of Object.entries(effects)) {
      if (effect === 'added' || effect === 'already_member') this.join(chatId, participant);
    }
    for (const participant of struck) this.#struck.add(pairOf(chatId, participant));
  }

  readChat(chatId: string, orgPhone: string): Answer {
    const kind = groupKind(chatId);
    if (kind === '0404') return apiError(404, 'NOT_FOUND', 'Chat not found');
    if (kind === '0500') return apiError(500, 'INTERNAL_SERVER_ERROR', 'Something went wrong');
    if (kind === '0503') return json(200, 'temporarily unavailable');
    return json(200, this.#chatBody(chatId, orgPhone));
  }

  #chatBody(chatId: string, orgPhone: string): object {
    const name = this.named.get(chatId) ?? groupName(chatId);
    return chatBody(chatId, orgPhone, this.membersOf(chatId).values(), name);
  }

  /** Lists the groups of the demo, the named groups, and the groups used since. */
  listChats(orgPhone: string, request: ListRequest): Answer {
    const known = new Set([...LISTED_GROUPS, ...this.named.keys(), ...this.#groups.keys()]);
    const groups = [...known].filter((chatId) => groupKind(chatId) !== '0404');
    return json(
      200,
      listBody(groups, request, orgPhone, (chatId) => this.#chatBody(chatId, orgPhone)),
    );
  }

  readNotifications(chatId: string, orgPhone: string, page: { offset: number; limit: number }): Answer {
    const kind = groupKind(chatId);
    if (kind === '0500' || kind === '0503' || kind === '0404') return this.readChat(chatId, orgPhone);
    return json(200, notificationsBody(chatId, orgPhone, this.#happenings.get(chatId) ?? [], page));
  }

  /** Carries out one valid ask, completely and at one instant; the answer may then be lost. */
  ask(ask: SentAsk, around: Surroundings): Deed {
    const kind = groupKind(ask.chatId);
    if (this.phoneState(ask.sender) !== 'CONNECTED')
      return refusal(phoneNotConnected(around.disconnectedStatus));
    if (kind === '0404') return refusal(apiError(404, 'NOT_FOUND', 'Chat not found'));
    if (kind === '0403' || kind === '0410') {
      const why = kind === '0403' ? 'Only admins can add participants' : 'Phone is not a member of this chat';
      return refusal(apiError(403, 'FORBIDDEN', why));
    }
    const verdict = VERDICTS[kind];
    if (verdict !== undefined) {
      const effects = Object.fromEntries(ask.participants.map((digits) => [digits, 'failed' as const]));
      return { answer: json(200, verdict), asked: true, effects, fault: '' };
    }
    const index = ask.participants.findIndex((participant) => this.#faultOf(ask.chatId, participant));
    const culprit = ask.participants[index];
    const fault = culprit === undefined ? undefined : this.#faultOf(ask.chatId, culprit);
    if (culprit === undefined || !fault) {
      const { results, effects } = this.#process(ask);
      return { answer: json(200, results), asked: true, effects, fault: '' };
    }
    if (fault.once) this.#struck.add(pairOf(ask.chatId, culprit));
    if (fault.lasting === 'revoke-key') this.keyRevoked = true;
    if (fault.lasting === 'disconnect-phone') this.phoneConnected = false;
    if (fault.lasting === 'block-phone') this.phoneBlocked = true;
    const { results, effects } = fault.processed ? this.#process(ask) : { results: {}, effects: {} };
    const answer = fault.answer({ results, key: `${culprit}@c.us`, index, ...around });
    return { answer, asked: fault.processed || !surelyRefused(answer), effects, fault: culprit.slice(-4) };
  }

  #faultOf(chatId: string, participant: string): FaultRow | undefined {
    const fault = FAULTS[participant.slice(-4)];
    return fault?.once && this.#struck.has(pairOf(chatId, participant)) ? undefined : fault;
  }

  #process(ask: SentAsk): { results: Record<string, ParticipantAnswer>; effects: Record<string, Effect> } {
    // Without a prototype, V8 uses hash tables; otherwise each new number would create a new object shape.
    const results: Record<string, ParticipantAnswer> = Object.create(null);
    const effects: Record<string, Effect> = Object.create(null);
    const members = this.membersOf(ask.chatId);
    for (const participant of ask.participants) {
      const row = OUTCOMES[participant.slice(-4)];
      const outcome = this.#outcome(ask, participant);
      results[row?.key?.(participant) ?? `${participant}@c.us`] = outcome.answer;
      effects[participant] = outcome.effect;
      if (outcome.effect === 'added' || outcome.effect === 'already_member') {
        const { orgPhone } = phoneOf(ask.sender);
        if (this.#enter(members, participant, false) && outcome.effect === 'added')
          this.#happens(ask.chatId, 'add', orgPhone.slice(0, -'@c.us'.length), participant);
      }
    }
    return { results, effects };
  }

  #outcome(ask: Ask, participant: string): OutcomeRow {
    const ending = participant.slice(-4);
    const kind = groupKind(ask.chatId);
    if (kind === '0401') return NO_ADMIN;
    if (kind === '0402') return REFUSED;
    const members = this.membersOf(ask.chatId);
    if (members.has(personKey(participant))) return ALREADY_MEMBER;
    if (members.size >= GROUP_CAPACITY) return kind === '0450' ? SERVER_TROUBLE : GROUP_FULL;
    return OUTCOMES[ending] ?? faultOutcome(ending) ?? naturalOutcome(participant, ask.force);
  }

  #enter(members: Map<string, Member>, digits: string, fromStart: boolean, isAdmin = false): boolean {
    const person = personKey(digits);
    if (members.has(person)) return false;
    const id = OUTCOMES[digits.slice(-4)]?.memberId?.(digits) ?? `${digits}@c.us`;
    members.set(person, { id, digits, isAdmin: isAdmin && fromStart, fromStart });
    return true;
  }
}

const refusal = (answer: Answer): Deed => ({
  answer,
  asked: !surelyRefused(answer),
  effects: {},
  fault: '',
});
