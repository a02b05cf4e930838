import type { ReasonCode } from '../domain/reasons.ts';
import type { ChatId, Participant } from '../domain/words.ts';
import type { Client } from './client.ts';
import type { Gateway } from './gateway.ts';
import { type MembersIndex, parseChat } from './membership.ts';
import { keyRejected } from './phone-watch.ts';
import type { AskingEvents, Log } from './ports.ts';
import type { RunControl } from './run-control.ts';

/** Why nobody of a group is asked any more. */
export interface Closure {
  readonly reasonCode: ReasonCode;
  readonly message: string;
}

interface Group {
  name: string;
  members: MembersIndex | undefined;
  closure: Closure | undefined;
}

/** What is known about each group in this run: its members as last read, and whether it still takes people. */
export class Groups {
  readonly #gateway: Gateway;
  readonly #client: Client;
  readonly #events: AskingEvents;
  readonly #control: RunControl;
  readonly #log: Log;
  readonly #known = new Map<ChatId, Group>();
  readonly #reading = new Map<ChatId, Promise<boolean>>();

  constructor(gateway: Gateway, client: Client, events: AskingEvents, control: RunControl, log: Log) {
    this.#gateway = gateway;
    this.#client = client;
    this.#events = events;
    this.#control = control;
    this.#log = log;
  }

  #group(chatId: ChatId): Group {
    const known = this.#known.get(chatId);
    if (known) return known;
    const made: Group = { name: '', members: undefined, closure: undefined };
    this.#known.set(chatId, made);
    return made;
  }

  name(chatId: ChatId): string {
    return this.#known.get(chatId)?.name ?? '';
  }

  /** True only when the group's membership was read and lists this person. It may be stale the other way. */
  lists(chatId: ChatId, participant: Participant): boolean {
    return this.#known.get(chatId)?.members?.has(participant) === true;
  }

  closure(chatId: ChatId): Closure | undefined {
    return this.#known.get(chatId)?.closure;
  }

  close(chatId: ChatId, closure: Closure): void {
    this.#group(chatId).closure ??= closure;
  }

  /**
   * Reads the membership, once at a time for each group. True when it was read. An endpoint that answers nonsense is
   * no reason to stop: the asks themselves will tell. `control` ends the trying, when it is not the run's own.
   */
  read(chatId: ChatId, control?: RunControl): Promise<boolean> {
    const running = this.#reading.get(chatId);
    if (running) return running;
    const started = this.#read(chatId, control).finally(() => this.#reading.delete(chatId));
    this.#reading.set(chatId, started);
    return started;
  }

  async #read(chatId: ChatId, control: RunControl = this.#control): Promise<boolean> {
    const answer = await this.#gateway.read(() => this.#client.chat(chatId), control);
    if (answer === undefined) return false;
    const reading = parseChat(answer);
    if (reading.kind === 'key_rejected') this.#control.stop(keyRejected());
    if (reading.kind !== 'chat') {
      this.#log.warn(
        { chat_id: chatId, answer: reading.kind },
        'cannot read this group’s members; going on without',
      );
      return false;
    }
    const group = this.#group(chatId);
    if (reading.name) {
      group.name = reading.name;
      this.#events.groupRead(chatId, reading.name);
    }
    if (reading.isExited) {
      this.#log.warn({ chat_id: chatId }, 'the sending phone seems to have left this group');
    }
    if (reading.members) group.members = reading.members;
    return reading.members !== undefined;
  }
}
