/** Several runs at once, each with a cohort, a ledger and results of its own, that share one key and one Redis. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { scratch } from '../../helpers.ts';
import {
  type Ended,
  phone,
  type ResultRecord,
  type Running,
  results,
  type SandboxProcess,
  start,
} from '../harness.ts';

export interface Member {
  readonly cohort: string;
  readonly people: readonly string[];
  start(...flags: string[]): Running;
  rows(): Promise<readonly ResultRecord[]>;
}

/** @param each people of every cohort; nobody is in two of them. */
export async function fleet(
  api: SandboxProcess,
  redis: string,
  processes: number,
  each: number,
): Promise<readonly Member[]> {
  const dir = await scratch();
  return Promise.all(
    Array.from({ length: processes }, async (_, i) => {
      const cohort = join(dir, `cohort-${i}.csv`);
      const output = join(dir, `cohort-${i}.results.csv`);
      const people = Array.from({ length: each }, (_, k) => phone(i * each + k));
      const group = `12036337130838968${i}@g.us`;
      const lines = people.map((number) => `Somebody,${group},${number}`);
      await writeFile(cohort, `name,chat_id,phone\n${lines.join('\n')}\n`);
      const env = { ...api.env, GROUP_ONBOARD_REDIS_URL: redis };
      return {
        cohort,
        people,
        start: (...flags: string[]) => start(['run', cohort, ...api.args, '--no-precheck', ...flags], env),
        rows: () => results(output),
      };
    }),
  );
}

export interface Timeline {
  readonly timeline: readonly { readonly at: number; readonly endpoint: string; readonly status: number }[];
  readonly throttled: number;
  readonly asks: number;
  readonly pairs: Readonly<Record<string, { readonly asked: number }>>;
}

export async function seen(api: SandboxProcess): Promise<Timeline> {
  return (await api.counts()) as unknown as Timeline;
}

/** Instants at which the sandbox took asks (milliseconds). */
export function askedAt({ timeline }: Timeline): readonly number[] {
  return timeline.filter(({ endpoint, status }) => endpoint === 'add' && status === 200).map(({ at }) => at);
}

export function nobodyTwice(counts: Timeline): void {
  expect(Object.values(counts.pairs).filter(({ asked }) => asked > 1)).toEqual([]);
}

/** The words for the person: what is no JSON. */
export function words(ended: Ended): string {
  return ended.stderr
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('{'))
    .join('\n');
}
