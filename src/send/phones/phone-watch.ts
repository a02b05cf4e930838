import { EXIT } from '../../domain/errors.ts';
import type { Answer } from '../api/answer.ts';
import { isPage } from '../api/body.ts';
import type { Client } from '../api/client.ts';
import { type ReadFailure, stopOf } from '../api/read-failure.ts';
import { oneLine } from '../api/scrub.ts';
import { subjectOf, whatAnswered } from '../classify/refusal.ts';
import { statusRule } from '../classify/status-rules.ts';
import { accountStop } from '../classify/stops.ts';
import type { Gateway } from '../gateway.ts';
import type { Log } from '../ports.ts';
import type { RunControl, StopReason } from '../run-control.ts';
import { identityOf, type Phone, type PhoneIdentity, parsePhones } from './phone-state.ts';

/** Reads the state of the sending phone: before the first ask, and again when asks begin to go wrong. */
export class PhoneWatch {
  readonly #gateway: Gateway;
  readonly #client: Client;
  readonly #sender: string;
  readonly #control: RunControl;
  readonly #log: Log;
  #running: Promise<boolean> | undefined;
  /** Both names of the phone, once the API has told them. */
  identity: PhoneIdentity | undefined;

  constructor(gateway: Gateway, client: Client, sender: string, control: RunControl, log: Log) {
    this.#gateway = gateway;
    this.#client = client;
    this.#sender = sender;
    this.#control = control;
    this.#log = log;
  }

  /**
   * Stops the run when the phone is certainly not connected, or the account is refused. True when the API answers, and
   * the phone is well. One read at a time. `control` ends the trying, when it is not the run's own.
   */
  check(control?: RunControl): Promise<boolean> {
    this.#running ??= this.#check(control).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #check(control: RunControl = this.#control): Promise<boolean> {
    const answer = await this.#gateway.read((call) => this.#client.phones(call), control);
    if (answer === undefined) return false;
    const phone = parsePhones(answer, this.#sender);
    if (phone.kind === 'phone') this.identity = identityOf(this.#sender, phone) ?? this.identity;
    const stop = phone.kind === 'phone' ? unfit(phone) : refused(answer, phone);
    if (stop !== undefined) {
      this.#control.explain(stop);
    } else if (phone.kind !== 'phone') {
      this.#log.warn({ answer: phone.kind }, 'cannot read the state of the sending phone; going on without');
    }
    return phone.kind === 'phone' && stop === undefined;
  }
}

/** Why nothing can be sent through this phone. */
function unfit({ ready, state }: Phone): StopReason | undefined {
  const words = oneLine(state);
  if (/tos[-_ ]?block/i.test(state)) {
    const message = `WhatsApp has blocked the sending phone’s number (${words})`;
    return { exit: EXIT.safety, code: 'phone_blocked', message };
  }
  if (ready) return undefined;
  const message = `the sending phone is not connected to WhatsApp (${words || 'not ready'})`;
  return { exit: EXIT.safety, code: 'phone_not_connected', message };
}

/** Why the run ends whose phone cannot be read; undefined where the asks may do better than this read. */
function refused(answer: Answer, failure: { readonly kind: 'unknown_phone' } | ReadFailure) {
  if (failure.kind === 'unknown_phone' || answer.kind !== 'answer') return undefined;
  const stop = stopOf(failure);
  if (stop !== undefined) return stop;
  const { httpStatus, body } = answer;
  const { message } = failure;
  const { meaning } = statusRule(httpStatus);
  const notTheApi = () => accountStop('not_the_api', { message: whatAnswered(answer), httpStatus });
  if (meaning === 'answered') return isPage(body) ? notTheApi() : undefined;
  if (failure.kind === 'unavailable') return undefined;
  if (meaning === 'invalid') return accountStop('sender_refused', { message, httpStatus });
  if (meaning !== 'forbidden' && meaning !== 'not_found') return undefined;
  const subject = subjectOf(answer);
  switch (subject) {
    case 'not_the_api':
      return notTheApi();
    case 'payment_required':
    case 'account_refused':
    case 'sender_refused':
      return accountStop(subject, { message, httpStatus });
    default:
      return accountStop(meaning === 'forbidden' ? 'account_refused' : 'sender_refused', {
        message,
        httpStatus,
      });
  }
}
