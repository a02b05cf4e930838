import type { Clock } from '../../src/domain/words.ts';

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
