/** Interfaces of the asking stage to its neighbours. The job passes in the real ones; no stage imports another. */
import type { ChatId, Pair, Settlement, Status } from '../domain/words.ts';

/** Part of the ledger that asking writes to. Every promise resolves when the record is durable. */
export interface AskLedger {
  asked(pairs: readonly Pair[], sender: string): Promise<number>;
  /** The server certainly did nothing: people still unsettled in this ask are not in doubt. */
  notDone(ask: number): Promise<void>;
  settle(ask: number | undefined, settlements: readonly Settlement[]): Promise<void>;
  askedInLast(ms: number, sender: string): number;
}

/** Asks in a ledger: number, time (epoch ms), and count of people. */
export type LoggedAsks = Iterable<{ readonly ask: number; readonly at: number; readonly people: number }>;

/** The used part of pino's interface. Objects contain neither a whole phone number nor the key. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Facts of a group's own page besides its name. Raw. */
export interface GroupFacts {
  readonly inviteLink: string;
  readonly memberCount: number | undefined;
}

/** Events of asking, for display. */
export interface AskingEvents {
  /** One ask is about to be sent; the ledger has it. */
  asked(): void;
  /** `count` more people have this status; fewer, if it is below zero. */
  settled(chatId: ChatId, status: Status, count: number): void;
  /** A group was read; `name` is '' if the answer did not tell. */
  groupRead(chatId: ChatId, name: string, about: GroupFacts): void;
}
