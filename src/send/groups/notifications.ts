import { personKey } from '../../domain/ids.ts';
import type { ChatId, Participant } from '../../domain/words.ts';
import type { Answer } from '../api/answer.ts';
import { isObject, jsonOf, parseObject, wholeNumber } from '../api/body.ts';
import type { Client } from '../api/client.ts';
import { oneLine } from '../api/redact.ts';
import { phoneOf } from '../classify/entries.ts';
import { bodyOf, failureOf, nonsense, type ReadFailure } from '../classify/refusal.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../ports.ts';
import type { RunControl } from '../run-control.ts';

/** Items per page, and most pages read of one group. */
const PAGE = 1_000;
const MOST_PAGES = 10;

/** Moves by type of notification; other types say nothing about membership. */
const MOVES: Readonly<Record<string, Move>> = { add: 'added', invite: 'came', remove: 'went', leave: 'went' };
/** added: by somebody. came: by an invite. went: left, or removed. */
type Move = 'added' | 'came' | 'went';

interface Movement {
  readonly move: Move;
  /** Epoch ms. WhatsApp's own times are whole seconds. */
  readonly at: number;
  /** By `personKey`. */
  readonly people: readonly string[];
}

export class History {
  readonly #movements: readonly Movement[];
  /** Every page was read, so that no later move is missing. */
  readonly #whole: boolean;

  constructor(movements: readonly Movement[], whole: boolean) {
    this.#movements = movements;
    this.#whole = whole;
  }

  /** Merges both histories of one group, because each phone knows its own adds. */
  and(other: History): History {
    return new History([...this.#movements, ...other.#movements], this.#whole || other.#whole);
  }

  /**
   * Way in which this person joined after an ask at `since`. Earlier moves do not count. An add by another phone does:
   * either way the person is in the group, and is not asked again.
   */
  cameBy(participant: Participant, since: number): 'added' | 'came' | undefined {
    const moves = this.#since(participant, since);
    if (moves.some(({ move }) => move === 'added')) return 'added';
    return moves.some(({ move }) => move === 'came') ? 'came' : undefined;
  }

  /** Whether this person joined since then, in any way, and has not left again. */
  isIn(participant: Participant, since: number): boolean {
    const last = this.#last(participant, since);
    return last.length > 0 && !last.includes('went');
  }

  /** Whether the last known move of this person, after `since`, is that they left. */
  hasLeft(participant: Participant, since: number): boolean {
    const last = this.#last(participant, since);
    return last.length > 0 && last.every((move) => move === 'went');
  }

  /** Latest moves of this person; several within one second have no order. Empty if later pages are missing. */
  #last(participant: Participant, since: number): readonly Move[] {
    const moves = this.#whole ? this.#since(participant, since) : [];
    const latest = Math.max(...moves.map(({ at }) => at));
    return moves.flatMap(({ at, move }) => (at === latest ? move : []));
  }

  get someoneWent(): boolean {
    return this.#movements.some(({ move }) => move === 'went');
  }

  #since(participant: Participant, since: number): readonly Movement[] {
    const person = personKey(participant);
    const second = Math.floor(since / 1_000) * 1_000;
    return this.#movements.filter(({ at, people }) => at >= second && people.includes(person));
  }
}

/** Knowledge of all phones of a run about the endpoint: a server without it is asked once. */
export class HistorySupport {
  answers: boolean | undefined;
  /** First reading; the others wait for its result. */
  first: Promise<unknown> | undefined;
}

/**
 * Reader of `GET /chats/{chat_id}/notifications`; its result is undefined where nothing could be read. Some servers do not
 * have it: then the history is unknown, without a message.
 */
export function historyReader(
  gateway: Pick<Gateway, 'read'>,
  client: Pick<Client, 'notifications'>,
  log: Log,
  support: HistorySupport,
) {
  async function readAll(chatId: ChatId, control: RunControl): Promise<History | undefined> {
    const movements: Movement[] = [];
    const seen = new Set<string>();
    let offset = 0;
    for (let pages = 0; pages < MOST_PAGES; pages++) {
      const answer = await gateway.read(
        (call) => client.notifications(chatId, { offset, limit: PAGE }, call),
        control,
      );
      if (answer === undefined) return undefined;
      const page = parsePage(answer, chatId);
      if (page.kind !== 'page') {
        // A group that is not found says nothing about the endpoint.
        if (page.kind !== 'not_found' || !/\b(?:chat|group)\b/i.test(page.message)) failed(page);
        return pages === 0 ? undefined : new History(movements, false);
      }
      support.answers = true;
      const news = page.items.filter(({ text }) => !seen.has(text));
      for (const { text } of news) seen.add(text);
      movements.push(...news.flatMap(({ movement }) => movement ?? []));
      offset = (page.from ?? offset) + page.items.length;
      const last = page.count === undefined ? page.items.length < PAGE : seen.size >= page.count;
      // The same page again: the server ignores the offset.
      if (last || news.length === 0) return new History(movements, last || page.items.length === 0);
    }
    return new History(movements, false);
  }

  function failed({ kind, message }: ReadFailure): void {
    if (support.answers !== undefined) return;
    support.answers = false;
    log.debug(
      { answer: kind, message: oneLine(message) },
      'the API has no notifications of groups; going on without',
    );
  }

  return async (chatId: ChatId, control: RunControl): Promise<History | undefined> => {
    while (support.answers === undefined && support.first !== undefined) await support.first;
    if (support.answers === false) return undefined;
    const reading = readAll(chatId, control);
    if (support.answers === undefined) {
      support.first = reading.finally(() => {
        support.first = undefined;
      });
    }
    return reading;
  };
}

interface Item {
  /** The item as received, which tells it from others. */
  readonly text: string;
  readonly movement: Movement | undefined;
}

interface Page {
  readonly kind: 'page';
  readonly items: readonly Item[];
  /** Index of the first item, and the total, if the answer has them. */
  readonly from: number | undefined;
  readonly count: number | undefined;
}

/** Parses one page; the field is misspelt in the vendor's types. Pure; never throws. */
function parsePage(answer: Answer, chatId: ChatId): Page | ReadFailure {
  const failure = failureOf(answer);
  if (failure !== undefined) return failure;
  const body = parseObject(bodyOf(answer));
  const list = body?.['notifictions'] ?? body?.['notifications'];
  if (body === undefined || !Array.isArray(list)) return nonsense(answer);
  const items = list.map((item) => ({
    text: jsonOf(item) ?? '',
    movement: isObject(item) ? movementOf(item, chatId) : undefined,
  }));
  return { kind: 'page', items, from: wholeNumber(body['from']), count: wholeNumber(body['count']) };
}

function movementOf(item: Readonly<Record<string, unknown>>, chatId: ChatId): Movement | undefined {
  const { chat_id: chat = chatId, timestamp, author } = item;
  const type = String(item['type']).toLowerCase();
  const move = Object.hasOwn(MOVES, type) ? MOVES[type] : undefined;
  const at = instantOf(timestamp);
  if (typeof chat !== 'string' || chat.trim().toLowerCase() !== chatId) return undefined;
  if (move === undefined || at === undefined) return undefined;
  const listed = item['recipientids'] ?? item['recipientIds'] ?? item['recipient_ids'];
  const recipients = Array.isArray(listed) ? listed : [];
  // A person who joins by an invite, or leaves, may be named only as the author.
  const byThemselves = recipients.length === 0 && (move === 'came' || type === 'leave');
  const people = (byThemselves ? [author] : recipients).flatMap((id) => phoneOf(id) ?? []).map(personKey);
  return { move, at, people };
}

/** Epoch ms of an ISO time; undefined without a zone, because it could be of any. */
function instantOf(timestamp: unknown): number | undefined {
  if (typeof timestamp !== 'string') return undefined;
  const text = timestamp.trim();
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d(?::?\d\d)?)$/i.test(text)) return undefined;
  const ms = Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return Number.isNaN(ms) ? undefined : ms;
}
