import { describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/domain/errors.ts';
import { identityOf, isSamePhone } from '../../../src/send/phones/phone-state.ts';
import { RunControl } from '../../../src/send/run-control.ts';
import { answered, broken } from '../answers.ts';
import { GONE, READY, SENDER, stage } from '../fakes.ts';

const BREAKER = { exit: EXIT.safety, code: 'breaker', message: '5 in a row' } as const;

describe('the phone’s state', () => {
  it('connected: nothing happens', async () => {
    const on = stage({ phones: () => READY });
    await on.phone.check();
    expect([on.control.stopped, on.lines]).toEqual([false, []]);
  });

  it('not connected: the run stops, and says the state', async () => {
    const on = stage({ phones: () => GONE });
    await on.phone.check();
    expect(on.control.reason).toEqual({
      exit: EXIT.safety,
      code: 'phone_not_connected',
      message: 'the sending phone is not connected to WhatsApp (DISCONNECTED)',
    });
  });

  it('says an untrusted state on one line, without numbers', async () => {
    const state = `OFF\u001b[31m\n${SENDER}`;
    const on = stage({ phones: () => answered(200, { is_ready: false, wa_state: state }) });
    await on.phone.check();
    expect(on.control.reason?.message).toMatch(/\(OFF \[31m 9198•••••210\)$/);

    const silent = stage({ phones: () => answered(200, { is_ready: false }) });
    await silent.phone.check();
    expect(silent.control.reason?.message).toMatch(/\(not ready\)$/);
  });

  it('the key rejected: the run stops', async () => {
    const on = stage({ phones: () => answered(401) });
    await on.phone.check();
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'key_rejected' });
  });

  it.each([answered(500), answered(200, 'nonsense'), answered(200, []), broken()])(
    'unreadable: is told, and no reason to stop',
    async (answer) => {
      const on = stage({ phones: () => answer });
      await on.phone.check();
      expect(on.control.stopped).toBe(false);
      expect(on.lines.join()).toMatch(/^warn cannot read the state of the sending phone/);
    },
  );

  it('two checks at once are one request', async () => {
    const on = stage();
    await Promise.all([on.phone.check(), on.phone.check()]);
    expect(on.calls).toEqual(['phones']);
  });

  it('found gone after the breaker: it is the cause, and takes its place', async () => {
    const on = stage({ phones: () => GONE });
    on.control.stop(BREAKER);
    await on.phone.check();
    expect(on.control.reason).toBe(BREAKER);
    await on.phone.check(new RunControl());
    expect(on.control.reason).toMatchObject({ exit: EXIT.safety, code: 'phone_not_connected' });
  });

  it('found gone after any other end: the first reason stays', async () => {
    const on = stage({ phones: () => GONE });
    on.control.stop({ exit: EXIT.again, code: 'deadline', message: '' });
    await on.phone.check(new RunControl());
    expect(on.control.reason).toMatchObject({ code: 'deadline' });
  });
});

const ID = 'phone-bqzvyibhmwkaergr';
const phone = (orgPhone: string, phoneId: string) => ({
  ...({ kind: 'phone', ready: true, state: 'CONNECTED' } as const),
  orgPhone,
  phoneId,
});

it.each([
  ['by its number', '919876543210', '919876543210', ID, true],
  ['by its id', ID, '919876543210', ID, true],
  ['by another form of its number', '5215512345678', '525512345678', ID, true],
  ['another number', '919811111111', '919876543210', ID, false],
  ['another id', 'phone-aaaaaaaaaaaaaaaa', '919876543210', ID, false],
  ['no id', '919876543210', '919876543210', '', false],
  ['no number', ID, '', ID, false],
  ['an id that is none', '919876543210', '919876543210', '17', false],
])('the same phone: %s', (_what, sender, orgPhone, phoneId, known) => {
  expect(identityOf(sender, phone(orgPhone, phoneId))).toEqual(
    known ? { number: orgPhone, id: phoneId } : undefined,
  );
});

it.each([
  ['919876543210', ID, true],
  ['919876543211', ID, false],
  ['919876543210', 'phone-aaaaaaaaaaaaaaaa', false],
])('%s and %s beside the known one', (number, id, same) => {
  expect(isSamePhone({ number: '919876543210', id: ID }, { number, id })).toBe(same);
});
