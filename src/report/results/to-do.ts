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

export type ToDoList = ReturnType<typeof toDoList>;

/**
 * Writer of the list. A failure is kept until the end, because the results take precedence.
 * @param phoneAt index of the cohort's phone column
 */
export function toDoList(path: string, about: AboutGroup, phoneAt: number, excel = false) {
  let writer: RecordsWriter | undefined;
  let failure: unknown;

  async function write(lines: readonly (readonly string[])[]): Promise<void> {
    if (failure !== undefined) return;
    try {
      if (writer === undefined) {
        writer = await openRecords(path, { excel });
        await writer.write([COLUMNS]);
      }
      await writer.write(lines);
    } catch (error) {
      failure = error;
    }
  }

  async function abort(): Promise<void> {
    await writer?.abort().catch(() => undefined);
  }

  return {
    abort,
    async add(rows: readonly ReportRow[]): Promise<void> {
      const lines = rows.flatMap((row) => {
        const cells = toDoCells(row, about, phoneAt);
        return cells ? [cells.map((cell) => safeCell(cell, { excel }))] : [];
      });
      await write(lines);
    },
    /** Moves the list to its path. Resolves to the failure, or undefined. */
    async commit(): Promise<OnboardError | undefined> {
      await write([]);
      if (failure === undefined) {
        await writer?.commit().catch((error: unknown) => {
          failure = error;
        });
      }
      if (failure === undefined) return undefined;
      await abort();
      const cause = failure instanceof Error ? (failure.cause ?? failure) : failure;
      return new OnboardError(
        'RESULTS_FAILED',
        `${path}: the to-do list could not be written: ${describeFailure(cause)}; nothing is lost: put that right and make it with group-onboard report`,
        { cause },
      );
    },
  };
}
