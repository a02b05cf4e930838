/** The policy of one process, while this process is the one that asks: it learns limit and window for all. */
import type { PacerEvent } from '../pacer.ts';
import { advance, initial, type RateSettings, type RateState } from '../policy/policy.ts';
import { type Demand, type Permit, takeTurn, type Wait } from '../turn.ts';
import { learningMs } from './learnt.ts';

/** A process learns for so long at least before another takes its turn. */
const LEARN_MS = 10_000;

export class Learner {
  state: RateState;
  /** What the last turn waits for. */
  wait: Wait | undefined;
  readonly #since: number;
  readonly #random: () => number;

  constructor({ maxInFlight }: RateSettings, now: number, random: () => number) {
    // The own pace is kept by all together.
    this.state = initial({ maxInFlight });
    this.#since = now;
    this.#random = random;
  }

  tell(event: PacerEvent, now: number): void {
    this.state = advance(this.state, event, now);
  }

  turn(demand: Demand, now: number, lead: number): readonly Permit[] {
    const random = this.#random;
    const { state, permits, wait } = takeTurn(this.state, [], demand, { now, lead, random });
    this.state = state;
    this.wait = wait;
    return permits;
  }

  /** Permits that came to nothing. */
  giveBack(permits: readonly Permit[], now: number): void {
    for (const { id } of permits) this.tell({ type: 'withdrawn', id }, now);
  }

  /** It has had its turn. */
  isLong(now: number): boolean {
    return now > this.#since + Math.max(LEARN_MS, learningMs(this.state));
  }

  /** Before when nothing more may go: whoever learns next knows nothing of what was used up. */
  end(now: number): Wait | undefined {
    return takeTurn(this.state, [], { ask: 1, read: 0 }, { now, lead: 0, random: this.#random }).wait;
  }
}
