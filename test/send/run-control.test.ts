import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/domain/errors.ts';
import { CommonTrouble } from '../../src/send/circuit-breaker.ts';
import { type Wait, WaitBoard } from '../../src/send/phones/gate.ts';
import { ownEnds, RunControl, SenderControl, type StopReason } from '../../src/send/run-control.ts';

const why = (code: StopReason['code']): StopReason => ({ exit: EXIT.safety, code, message: code });

function two(phone: Parameters<typeof ownEnds>[0] = 'key') {
  const run = new RunControl();
  const told: string[] = [];
  const make = (name: string) =>
    new SenderControl(run, ownEnds(phone), ({ code }) => told.push(`${name} ${code}`));
  return { run, told, a: make('a'), b: make('b') };
}

describe('the switch of one phone', () => {
  it.each(['phone_not_connected', 'breaker', 'daily_cap'] as const)('%s stops this phone', (code) => {
    const { run, told, a, b } = two();
    a.stop(why(code));
    a.stop(why('daily_cap'));
    expect([a.own?.code, b.stopped, run.stopped, told]).toEqual([code, false, false, [`a ${code}`]]);
    expect([a.signal.aborted, b.signal.aborted]).toEqual([true, false]);
  });

  it.each(['key_rejected', 'ledger_failed', 'api_unreachable', 'redirected', 'max_errors'] as const)(
    '%s stops the run, and every phone with it',
    (code) => {
      const { run, told, a, b } = two();
      a.stop(why(code));
      expect([run.reason?.code, a.reason?.code, b.reason?.code]).toEqual([code, code, code]);
      expect([a.own, b.own, told]).toEqual([undefined, undefined, []]);
      expect(b.signal.aborted).toBe(true);
    },
  );

  it('refused for the rate: the phone’s end where the server counts by the phone, else the run’s', () => {
    const each = two('phone');
    each.a.stop(why('throttled'));
    expect([each.a.own?.code, each.run.stopped, each.told]).toEqual(['throttled', false, ['a throttled']]);
    const all = two('key');
    all.a.stop(why('throttled'));
    expect([all.run.reason?.code, all.told]).toEqual(['throttled', []]);
  });

  it.each(['phone_not_connected', 'breaker', 'daily_cap', 'throttled'] as const)(
    '%s of a phone that is alone is the end of the run, in its own words',
    (code) => {
      const { run, told, a } = two('alone');
      a.stop(why(code));
      expect([run.reason, a.own, told]).toEqual([why(code), undefined, []]);
      a.explain(why('key_rejected'));
      expect(run.reason?.code).toBe(code === 'breaker' ? 'key_rejected' : code);
    },
  );

  it('the end of the run is the end of the phone, and not its own', () => {
    const { run, a } = two();
    run.stop(why('breaker'));
    expect([a.stopped, a.own]).toEqual([true, undefined]);
    expect(new SenderControl(run, ownEnds('key'), () => undefined).reason?.code).toBe('breaker');
  });

  it('the cause takes the place of the breaker, its own or the run’s', () => {
    const own = two();
    own.a.stop(why('breaker'));
    own.a.explain(why('phone_not_connected'));
    expect([own.a.own?.code, own.run.stopped]).toEqual(['phone_not_connected', false]);

    const all = two();
    all.run.stop(why('breaker'));
    all.a.explain(why('key_rejected'));
    expect(all.run.reason?.code).toBe('key_rejected');
  });
});

describe('trouble through several phones', () => {
  it('in a row, and of more than one: the run stops', () => {
    const run = new RunControl();
    const trouble = new CommonTrouble(3, run);
    const [a, b] = [{}, {}];
    expect([1, 2, 3, 4].map((at) => trouble.bad(at, a))).toEqual([false, false, false, false]);
    expect(run.stopped).toBe(false);
    expect(trouble.bad(5, b)).toBe(true);
    expect(run.reason).toMatchObject({ exit: EXIT.safety, code: 'breaker' });
  });

  it('a clear answer in between ends the row', () => {
    const run = new RunControl();
    const trouble = new CommonTrouble(2, run);
    const [a, b] = [{}, {}];
    trouble.bad(1, a);
    trouble.good(2);
    expect(trouble.bad(3, b)).toBe(false);
    expect(trouble.bad(4, b)).toBe(false);
    expect(trouble.bad(5, a)).toBe(true);
  });
});

describe('what is waited for', () => {
  it('is what ends first; it begins, changes and ends once', () => {
    const told: string[] = [];
    const board = new WaitBoard(
      ({ untilMonotonic, why }: Wait) => told.push(`${why} ${untilMonotonic}`),
      () => told.push('end'),
    );
    board.set('x', undefined);
    board.set('x', { untilMonotonic: 50, why: 'window' });
    board.set('y', { untilMonotonic: 60, why: 'gap' });
    board.set('x', { untilMonotonic: 50, why: 'window' });
    expect(board.shown).toEqual({ untilMonotonic: 50, why: 'window' });
    board.set('x', undefined);
    board.set('y', undefined);
    expect(told).toEqual(['window 50', 'gap 60', 'end']);
  });
});
