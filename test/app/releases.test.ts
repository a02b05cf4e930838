import { describe, expect, it } from 'vitest';
import { Releases } from '../../src/app/releases.ts';

describe('releases', () => {
  it('go last in, first out, all of them, and the first failure is told', async () => {
    const releases = new Releases();
    const done: number[] = [];
    for (const i of [1, 2, 3, 4]) {
      releases.add(async () => {
        done.push(i);
        if (i === 2 || i === 3) throw new Error(`release ${i}`);
      });
    }
    await expect(releases.all()).rejects.toThrow('release 3');
    expect(done).toEqual([4, 3, 2, 1]);
    await releases.all();
    expect(done).toHaveLength(4);
  });

  it('a failure that is undefined is a failure', async () => {
    const releases = new Releases();
    releases.add(() => Promise.reject(undefined));
    await expect(releases.all()).rejects.toBeUndefined();
  });
});
