/** To-do list: a CSV of the rows that need action, with the facts for it. */
import { OnboardError } from '../../domain/errors.ts';
import { REASONS } from '../../domain/reasons.ts';
import type { ChatId } from '../../domain/words.ts';
import { describeFailure } from '../../lib/files.ts';
import { type AboutGroup, type ReportRow, safeInviteLink } from '../html/people.ts';
import { openRecords, type RecordsWriter, safeCell } from './results.ts';

const COLUMNS = [
  'row',
  'name',
  'phone',
  'group',
  'chat_id',
  'status',
  'reason_code',
  'what_to_do',
  'invite_link',
  'whatsapp_link',
] as const;

/** First line of every such file. */
export const TO_DO_BEGINS = COLUMNS.join(',');

const ACCEPT = 'has an invite to accept: remind them';

/** Remedy of the row for a person; undefined if none is needed, or the same command resolves it. */
export function whatToDo({
  status,
  reasonCode,
  message,
}: Pick<ReportRow, 'status' | 'reasonCode' | 'message'>): string | undefined {
  const advice = reasonCode === '' ? '' : REASONS[reasonCode].advice;
  switch (status) {
    case 'invited':
      return reasonCode === 'pending_approval' ? advice : ACCEPT;
    // The message of an unreadable row contains the problem and the remedy.
    case 'invalid':
      return message || advice;
    case 'failed':
      return reasonCode === 'other' || advice === '' ? message || advice : advice;
    case 'unknown':
    case 'left':
      return advice || message;
    default:
      return undefined;
  }
}

/**
 * Cells of the row's line; undefined: no action is needed.
 * @param phoneAt index of the cell that is shown for an unreadable participant
 */
function toDoCells(row: ReportRow, about: AboutGroup, phoneAt: number): readonly string[] | undefined {
  const what = whatToDo(row);
  if (what === undefined) return undefined;
  const group = about(row.chatId as ChatId);
  return [
    String(row.number),
    row.name,
    row.participant || (row.own[phoneAt] ?? ''),
    group?.name ?? '',
    row.chatId,
    row.status,
    row.reasonCode,
    what,
    safeInviteLink(group?.inviteLink) ?? '',
    row.participant === '' ? '' : `https://wa.me/${row.participant}`,
  ];
}

/** Writer of the list. A failure is kept until the end, because the results take precedence. */
export class ToDoList {
  readonly #path: string;
  readonly #about: AboutGroup;
  readonly #phoneAt: number;
  readonly #excel: boolean;
  #writer: RecordsWriter | undefined;
  #failure: unknown;

  /** @param phoneAt index of the cohort's phone column */
  constructor(path: string, about: AboutGroup, phoneAt: number, excel = false) {
    this.#path = path;
    this.#about = about;
    this.#phoneAt = phoneAt;
    this.#excel = excel;
  }

  /** Adds rows, in input order. */
  async add(rows: readonly ReportRow[]): Promise<void> {
    const lines = rows.flatMap((row) => {
      const cells = toDoCells(row, this.#about, this.#phoneAt);
      return cells ? [cells.map((cell) => safeCell(cell, { excel: this.#excel }))] : [];
    });
    await this.#write(lines);
  }

  async #write(lines: readonly (readonly string[])[]): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      if (this.#writer === undefined) {
        this.#writer = await openRecords(this.#path, { excel: this.#excel });
        await this.#writer.write([COLUMNS]);
      }
      await this.#writer.write(lines);
    } catch (error) {
      this.#failure = error;
    }
  }

  /** Moves the list to its path. Resolves to the failure, or undefined. */
  async commit(): Promise<OnboardError | undefined> {
    await this.#write([]);
    if (this.#failure === undefined) {
      await this.#writer?.commit().catch((error: unknown) => {
        this.#failure = error;
      });
    }
    if (this.#failure === undefined) return undefined;
    await this.abort();
    const cause = this.#failure instanceof Error ? (this.#failure.cause ?? this.#failure) : this.#failure;
    return new OnboardError(
      'RESULTS_FAILED',
      `${this.#path}: the to-do list could not be written: ${describeFailure(cause)}; nothing is lost: put that right and make it with group-onboard report`,
      { cause },
    );
  }

  /** Discards the list. */
  async abort(): Promise<void> {
    await this.#writer?.abort().catch(() => undefined);
  }
}
