/**
 * `--daily-cap` for all who share: people asked by one sender in any 24 h, kept in Redis. The ledgers stay the truth: at
 * the start, and whenever Redis was away, each process puts in what its own ledger knows, under names that stay the same, so
 * that nothing counts twice. Room is set aside before an ask is recorded, under the name of this run; when a run dies in
 * between, it counts until its ledger is opened again.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { LoggedAsks } from '../../ports.ts';
import { LinkDown } from './link.ts';
import type { Client } from './redis-client.ts';
import type { RedisLink } from './redis-link.ts';

const DAY_MS = 86_400_000;
/** Most arguments of one script call. */
const CHUNK = 500;

export interface SharedCapOptions {
  readonly link: Pick<RedisLink, 'ask' | 'again' | 'key' | 'generation'>;
  /** The sending phone, as it is known at the first ask; only a hash of it goes to Redis. */
  readonly sender: () => string;
  /** Names the ledger, the same in every run. */
  readonly ledgerId: string;
  /** Asks of the last `ms` by the ledger. */
  readonly asked: (ms: number) => LoggedAsks;
  readonly now: () => number;
}

/** Room for so many people, set aside under a name. */
export interface Room {
  readonly people: number;
  readonly name: string;
}

export class SharedCap {
  readonly #options: SharedCapOptions;
  #keys: readonly [string, string] | undefined;
  /** Reservations of any run of this ledger, and of this run. */
  readonly #ofLedger: string;
  readonly #ofRun: string;
  #rooms = 0;
  /** The connection by which Redis was last told what the ledger knows. */
  #toldIn = -1;
  #telling: Promise<void> | undefined;
  /** Names that were to be taken out while Redis was away. */
  #leftOver: string[] = [];

  constructor(options: SharedCapOptions) {
    this.#options = options;
    const { ledgerId } = options;
    this.#ofLedger = `~${ledgerId}:`;
    this.#ofRun = `${this.#ofLedger}${randomUUID().slice(0, 8)}:`;
  }

  /** Sets room for up to so many people aside; less, or none, where the cap is near. None when Redis does not come back. */
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

  /** The ask is in the ledger: it counts under the ledger's name from now on. */
  recorded(room: Room, ask: number): void {
    this.#change([room.name], [`${this.#nameOf(ask, room.people)}`, '0']);
  }

  /** Nobody was asked. */
  giveBack(room: Room): void {
    this.#change([room.name], []);
  }

  /** The server certainly did nothing for the ask. */
  notDone(ask: number, people: number): void {
    this.#change([this.#nameOf(ask, people)], []);
  }

  #nameOf(ask: number, people: number): string {
    return `${this.#options.ledgerId}:${ask}:${people}`;
  }

  /** Nobody waits for it: where it fails, more is counted than was asked, until the ledger is told again. */
  #change(out: readonly string[], into: readonly string[]): void {
    const change = this.#run((client, keys) => client.onboardCapChange(...keys, ...out, '', ...into));
    change.catch(() => {
      this.#leftOver.push(...out);
      this.#toldIn = -1;
    });
  }

  /** Redis knows what the ledger knows: once, and again after each time that Redis was away, which may have lost it. */
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
