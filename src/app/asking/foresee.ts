import { maskSender } from '../../domain/ids.ts';
import type { ChatId } from '../../domain/words.ts';
import { publicName } from '../../lib/text.ts';
import { inTurns } from '../../lib/turns.ts';
import { decide, type Selection } from '../../plan/decide.ts';
import type { Knowledge, Survey } from '../../plan/survey.ts';
import { foreseen, type Standings } from '../../send/groups/groups.ts';
import type { Log } from '../../send/ports.ts';
import type { Phones } from '../phones/senders.ts';

export interface ForeseeParts {
  readonly phones: Pick<Phones, 'standings' | 'groups' | 'takes'>;
  readonly plan: Survey;
  readonly knowledge: Knowledge;
  readonly selection: Selection;
  readonly limit: number | undefined;
  readonly log: Log;
}

/** Expected trouble per group, from the API's last data on it. Logs one warning for each, too. */
export async function foresee(parts: ForeseeParts): Promise<ReadonlyMap<ChatId, string>> {
  const { phones, plan } = parts;
  // Few groups are in trouble: people of the others need not be counted one by one.
  const suspects = new Map<ChatId, Standings>();
  for (const [chatId, people] of plan.groups) {
    const known = phones.standings(chatId);
    if (known.phones.some(({ standing }) => foreseen(standing, people).length > 0))
      suspects.set(chatId, known);
  }
  const found = new Map<ChatId, string>();
  if (suspects.size === 0) return found;
  const newcomers = await newcomersOf(parts, suspects);
  for (const [chatId, { name, phones: through }] of suspects) {
    const texts = new Set<string>();
    for (const { sender, standing } of through) {
      const [first, ...more] = foreseen(standing, newcomers.get(chatId) ?? 0);
      if (first === undefined) continue;
      const isOne = through.length > 1 && standing.senderIsAdmin === false;
      texts.add(isOne ? `${maskSender(sender)}: ${first}` : first);
      for (const text of more) texts.add(text);
    }
    if (texts.size === 0) continue;
    const text = [...texts].join('; ');
    found.set(chatId, text);
    const named = name === '' ? 'this group' : `“${publicName(name, 60)}”`;
    parts.log.warn({ chat_id: chatId }, `${named}: ${text} (by what the API last read of it)`);
  }
  return found;
}

/** People per group whom this run asks, without existing members. */
async function newcomersOf(
  { phones, plan, knowledge, selection, limit }: ForeseeParts,
  groups: { has(chatId: ChatId): boolean },
): Promise<ReadonlyMap<ChatId, number>> {
  const newcomers = new Map<ChatId, number>();
  let asked = 0;
  for await (const piece of inTurns(plan.list)) {
    for (const { pair, sender, previous } of piece) {
      if (asked === limit) return newcomers;
      if (decide({ ledger: knowledge.ledger(pair), previous }, selection) !== 'ask' || !phones.takes(sender))
        continue;
      asked++;
      const { chatId, participant } = pair;
      if (groups.has(chatId) && !phones.groups.lists(chatId, participant))
        newcomers.set(chatId, (newcomers.get(chatId) ?? 0) + 1);
    }
  }
  return newcomers;
}
