import { phone } from '../harness.ts';
import type { Expected } from './referee.ts';

/** Endings of phone numbers that the sandbox knows, and what becomes of them. */
const STATUS: Readonly<Record<string, string>> = {
  1: 'added',
  2: 'added',
  3: 'invited',
  5: 'failed',
  7: 'invited',
  64: 'failed',
};

export function person(i: number, ending: number): Expected {
  const status = STATUS[ending];
  if (status === undefined) throw new Error(`no status for ending ${ending}`);
  return { name: `Person ${i}`, phone: phone(i, ending), status, ...(ending === 64 && { refused: true }) };
}

/** People with these endings in turn. */
export function people(count: number, endings: readonly number[]): Expected[] {
  return Array.from({ length: count }, (_, i) => person(i, endings[i % endings.length]!));
}

/** The same person again, and a row that cannot be read: neither is asked, and both are in the results. */
export function withTrouble(cohort: readonly Expected[]): Expected[] {
  const [first] = cohort;
  return [
    ...cohort,
    { name: 'Again', phone: first!.phone, status: 'duplicate' },
    { name: 'Nonsense', phone: 'call me', status: 'invalid' },
  ];
}
