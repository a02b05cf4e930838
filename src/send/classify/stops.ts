import { EXIT } from '../../domain/errors.ts';
import { oneLine } from '../api/scrub.ts';
import type { StopReason } from '../run-control.ts';
import type { AccountTrouble } from './refusal.ts';

interface Said {
  /** The server's words, raw and untrusted; for `not_the_api` with what answered. */
  readonly message: string;
  readonly httpStatus: number;
}

/** The end of a run whose account, phone or address is refused. */
export function accountStop(code: AccountTrouble, { message, httpStatus }: Said): StopReason {
  return { exit: EXIT.safety, code, message: sentence(code, httpStatus, oneLine(message)) };
}

function sentence(code: AccountTrouble, httpStatus: number, words: string): string {
  const said = /^HTTP \d+ without a message$/.test(words) || words === '' ? '' : `: ${words}`;
  switch (code) {
    case 'key_rejected':
      return `the API rejected the key (${httpStatus})${said}`;
    case 'payment_required':
      return `the API asks for a payment (${httpStatus})${said}`;
    case 'account_refused':
      return `the API refuses the account (${httpStatus})${said}`;
    case 'sender_refused':
      return `the API refuses the sending phone (${httpStatus})${said}`;
    case 'not_the_api':
      return `${words}: this answer is not the API’s own; check --base-url and what stands in front of the API`;
  }
}

export function redirectStop(httpStatus: number): StopReason {
  return {
    exit: EXIT.safety,
    code: 'redirected',
    message: `the API answered with a redirect (${httpStatus}), which is not followed: check --base-url`,
  };
}
