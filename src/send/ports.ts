/**
 * What the asking stage needs of its neighbours, and nothing more. The job hands in the real ones; no stage imports
 * another.
 */
import type { ChatId, Outcome, Pair, Status } from '../domain/words.ts';

export interface Settlement {
  readonly pair: Pair;
  readonly outcome: Outcome;
}

/** The part of the ledger that asking writes to. Every promise resolves when the record is durable. */
export interface AskLedger {
  asked(pairs: readonly Pair[], sender: string): Promise<number>;
  /** The server certainly did nothing: what this ask leaves unsettled is not in doubt. */
  notDone(ask: number): Promise<void>;
  settle(ask: number | undefined, settlements: readonly Settlement[]): Promise<void>;
  askedInLast(ms: number, sender: string): number;
}

/** Asks that a ledger knows: its number of each, when (epoch ms), and of how many people. */
export type LoggedAsks = Iterable<{ readonly ask: number; readonly at: number; readonly people: number }>;

/** pino's shape, as much of it as is used. Objects carry no whole phone number and never the key. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What a group's own page says besides its name. Raw. */
export interface GroupFacts {
  readonly inviteLink: string;
  readonly memberCount: number | undefined;
}

/** What happens while asking, for whoever shows it. */
export interface AskingEvents {
  /** One ask is about to be sent: the ledger has it. */
  asked(people: number): void;
  /** So many more people have this status; fewer, where `count` is below zero. */
  settled(chatId: ChatId, status: Status, count: number): void;
  /** A group was read; '' where the answer did not tell. */
  groupRead(chatId: ChatId, name: string, about?: GroupFacts): void;
}
