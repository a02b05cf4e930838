import type { ReasonCode } from '../../domain/reasons.ts';
import type { ChatId, Status } from '../../domain/words.ts';
import type { Pace } from './timeline.ts';

/** One row of the results, as the report needs it. Every text is somebody else's, and raw. */
export interface ReportRow {
  /** Number of the cohort's row in a spreadsheet. */
  readonly number: number;
  /** The line of the cohort, where it is known and is another number. */
  readonly line?: number;
  /** The person's name, '' where it is not known. */
  readonly name: string;
  /** The cohort's own cells, by the cohort's own header. */
  readonly own: readonly string[];
  readonly chatId: string;
  readonly participant: string;
  readonly status: Status;
  readonly reasonCode: ReasonCode | '';
  readonly message: string;
  readonly traceId: string;
  /** Epoch ms. */
  readonly askedAt: number | undefined;
}

/** What is known of a group besides its id. Raw. */
export interface GroupAbout {
  readonly name: string;
  readonly inviteLink: string;
  /** Members when the group was last read. */
  readonly members: number | undefined;
}

/** The cohort's own header, and which of its columns hold the group and the phone (-1: none of them), and the name. */
export interface OwnColumns {
  readonly names: readonly string[];
  readonly chatAt: number;
  readonly phoneAt: number;
  readonly nameAt: readonly number[];
}

/** What a report says besides the rows. */
export interface ReportFacts {
  /** The file that the rows come from. */
  readonly source: string;
  /** Epoch ms. */
  readonly writtenAt: number;
  readonly sandbox: boolean;
  readonly dryRun: boolean;
  /** Why the run ended before its end, in one line. */
  readonly stopped: string | undefined;
  /** What to do next, when something is left to do. */
  readonly next: string | undefined;
  /** Rows that could not be shown, as they hold no status. */
  readonly unreadable: number;
  /** undefined: known to the run alone, and this report was made from its results. */
  readonly pace: Pace | undefined;
}

export type AboutGroup = (chatId: ChatId) => GroupAbout | undefined;

/** A group's name, or its id; an invalid row has neither. */
export function groupName(chatId: string, about: AboutGroup): string {
  return about(chatId as ChatId)?.name || chatId;
}

/** The link that WhatsApp gives for a group, if it is one: nothing else becomes a link in the page. */
export function safeInviteLink(link: string | undefined): string | undefined {
  return link !== undefined && /^https:\/\/chat\.whatsapp\.com\/[\w-]{4,64}$/.test(link) ? link : undefined;
}
