import { EXIT } from '../errors.ts';
import type { Client } from './client.ts';
import type { Gateway } from './gateway.ts';
import { parsePhones } from './membership.ts';
import { identityOf, type PhoneIdentity } from './phone-identity.ts';
import type { Log } from './ports.ts';
import type { RunControl } from './run-control.ts';
import { oneLine } from './scrub.ts';

/** Reads the state of the sending phone: before the first ask, and again when asks begin to go wrong. */
export class PhoneWatch {
  readonly #gateway: Gateway;
  readonly #client: Client;
  readonly #sender: string;
  readonly #control: RunControl;
  readonly #log: Log;
  #running: Promise<void> | undefined;
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
   * Stops the run when the phone is certainly not connected, or the key is rejected. One read at a time. `control` ends
   * the trying, when it is not the run's own.
   */
  check(control?: RunControl): Promise<void> {
    this.#running ??= this.#check(control).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #check(control: RunControl = this.#control): Promise<void> {
    const answer = await this.#gateway.read((call) => this.#client.phones(call), control);
    if (answer === undefined) return;
    const phone = parsePhones(answer, this.#sender);
    if (phone.kind === 'phone') this.identity = identityOf(this.#sender, phone) ?? this.identity;
    if (phone.kind === 'key_rejected') {
      this.#control.explain(keyRejected());
    } else if (phone.kind !== 'phone') {
      this.#log.warn({ answer: phone.kind }, 'cannot read the state of the sending phone; going on without');
    } else if (!phone.ready) {
      this.#control.explain({
        exit: EXIT.safety,
        code: 'phone_not_connected',
        message: `the sending phone is not connected to WhatsApp (${oneLine(phone.state) || 'not ready'})`,
      });
    }
  }
}

export function keyRejected() {
  return { exit: EXIT.safety, code: 'key_rejected', message: 'the API rejected the key (401)' } as const;
}
