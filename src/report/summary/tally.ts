import { type ChatId, STATUSES, type Status } from '../../domain/words.ts';

export type Counts = Readonly<Record<Status, number>>;

export function noCounts(): Record<Status, number> {
  return Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
}

/** What the results hold, by status, by group and by reason: built while they are written, never apart from them. */
export interface Tally {
  readonly rows: number;
  readonly counts: Counts;
  readonly groups: ReadonlyMap<ChatId | '', Counts>;
  /** `status reason_code` → rows. */
  readonly reasons: ReadonlyMap<string, number>;
  /** The same for each group. */
  readonly groupReasons: ReadonlyMap<ChatId | '', ReadonlyMap<string, number>>;
}

export class TallyMaker implements Tally {
  rows = 0;
  readonly counts = noCounts();
  readonly groups = new Map<ChatId | '', Record<Status, number>>();
  readonly reasons = new Map<string, number>();
  readonly groupReasons = new Map<ChatId | '', Map<string, number>>();

  add(chatId: string, status: Status, reasonCode: string): void {
    this.rows++;
    this.counts[status]++;
    const id = chatId as ChatId | '';
    let group = this.groups.get(id);
    if (!group) {
      group = noCounts();
      this.groups.set(id, group);
      this.groupReasons.set(id, new Map());
    }
    group[status]++;
    const reason = `${status} ${reasonCode}`;
    for (const reasons of [this.reasons, this.groupReasons.get(id) as Map<string, number>])
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
}
