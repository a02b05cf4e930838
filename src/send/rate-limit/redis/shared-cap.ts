/**
 * `--daily-cap` of several processes: people asked by one sender in any 24 h, counted in Redis. The ledgers stay the
 * truth: at the start, and after each loss of Redis, a process writes the asks of its own ledger, under constant names,
 * so that none counts twice. Room is reserved before an ask is recorded, under the name of the run; if the run dies in
 * between, the room counts until its ledger is opened again.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { LoggedAsks } from '../../ports.ts';
import { LinkDown } from './link.ts';
import type { Client } from './redis-client.ts';
import type { RedisLink } from './redis-link.ts';

const DAY_MS = 86_400_000;
/** Most asks in one script call. */
const CHUNK = 500;

export interface SharedCapOptions {
  readonly link: Pick<RedisLink, 'ask' | 'again' | 'key' | 'generation'>;
  /** Sending phone, known at the first ask; Redis gets only its hash. */
  readonly sender: () => string;
  /** Name of the ledger, the same in every run. */
  readonly ledgerId: string;
  /** Asks of the last `ms` in the ledger. */
  readonly asked: (ms: number) => LoggedAsks;
  readonly now: () => number;
}

/** Room for `people`, reserved under a name. */
export interface Room {
  readonly people: number;
  readonly name: string;
}

export class SharedCap {
  readonly #options: SharedCapOptions;
  #keys: readonly [string, string] | undefined;
  /** Prefixes of reservations: of any run of this ledger, and of this run. */
  readonly #ofLedger: string;
  readonly #ofRun: string;
  #rooms = 0;
  /** Generation of the connection in which Redis last got the ledger's asks. */
  #toldIn = -1;
  #telling: Promise<void> | undefined;
  /** Names whose removal failed while Redis was out of reach. */
  #leftOver: string[] = [];

  constructor(options: SharedCapOptions) {
    this.#options = options;
    const { ledgerId } = options;
    this.#ofLedger = `~${ledgerId}:`;
    this.#ofRun = `${this.#ofLedger}${randomUUID().slice(0, 8)}:`;
  }

  /** Reserves room for `people`: for fewer near the cap; for none at it, or when Redis does not come back. */
  async reserve(people: number, cap: number): Promise<Room> {
    const name = `${this.#ofRun}${++this.#rooms}`;
    for (;;) {
      try {
        await this.#told();
        const granted = await this.#run((client, keys) =>
          client.onboardCapReserve(...keys, name, people, cap),
        );
        return { people: granted, name: `${name}:${granted}` };
      } catch (error) {
        if (!(error instanceof LinkDown)) throw error;
        if (!(await this.#options.link.again())) return { people: 0, name: '' };
      }
    }
  }

  /** Turns a reservation into a recorded ask, which counts under the ledger's name. */
  recorded(room: Room, ask: number): void {
    this.#change([room.name], [`${this.#nameOf(ask, room.people)}`, '0']);
  }

  /** Removes a reservation: nobody was asked. */
  giveBack(room: Room): void {
    this.#change([room.name], []);
  }

  /** Removes a recorded ask that was certainly not done. */
  notDone(ask: number, people: number): void {
    this.#change([this.#nameOf(ask, people)], []);
  }

  #nameOf(ask: number, people: number): string {
    return `${this.#options.ledgerId}:${ask}:${people}`;
  }

  /** Changes the count in the background; after a failure it is too high until the ledger's asks are written again. */
  #change(out: readonly string[], into: readonly string[]): void {
    const change = this.#run((client, keys) => client.onboardCapChange(...keys, ...out, '', ...into));
    change.catch(() => {
      this.#leftOver.push(...out);
      this.#toldIn = -1;
    });
  }

  /** Writes the ledger's asks to Redis: once, and again after each loss of Redis, which may have lost its data. */
  async #told(): Promise<void> {
    const { generation } = this.#options.link;
    if (this.#toldIn === generation) return;
    this.#telling ??= this.#tell()
      .then(() => {
        this.#toldIn = generation;
      })
      .finally(() => {
        this.#telling = undefined;
      });
    await this.#telling;
  }

  async #tell(): Promise<void> {
    const { asked, now } = this.#options;
    await this.#run((client, keys) => client.onboardCapSweep(...keys, this.#ofLedger, this.#ofRun));
    const out = this.#leftOver.slice(0, CHUNK);
    if (out.length > 0) {
      await this.#run((client, keys) => client.onboardCapChange(...keys, ...out, ''));
      this.#leftOver = this.#leftOver.slice(out.length);
      return this.#tell();
    }
    const known = [...asked(DAY_MS)];
    for (let i = 0; i < known.length; i += CHUNK) {
      const members = known
        .slice(i, i + CHUNK)
        .flatMap(({ ask, at, people }) => [this.#nameOf(ask, people), String(Math.max(0, now() - at))]);
      await this.#run((client, keys) => client.onboardCapChange(...keys, '', ...members));
    }
  }

  #run<T>(script: (client: Client, keys: readonly [string, string]) => Promise<T>): Promise<T> {
    const keys = this.#keys ?? this.#named();
    return this.#options.link.ask((client) => script(client, keys));
  }

  #named(): readonly [string, string] {
    const { link, sender } = this.#options;
    const key = link.key(`cap:${createHash('sha256').update(sender()).digest('hex').slice(0, 16)}`);
    this.#keys = [key, `${key}:sum`];
    return this.#keys;
  }
}
