import { maskParticipant } from './participant.ts';
import type { Sender } from './words.ts';

const SHAPE = /^(?:[1-9]\d{6,14}|phone-[a-z0-9]{4,40})$/i;

/** The only maker of a Sender: country code + number in digits (a leading `+` is taken off), or `phone-…`. */
export function parseSender(text: string): Sender | undefined {
  const bare = text.trim().replace(/^\+/, '');
  return SHAPE.test(bare) ? (bare as Sender) : undefined;
}

/** For logs and for plans: a number is masked as everybody's is; an id names no person. */
export function maskSender(sender: string): string {
  return sender.startsWith('phone-') ? sender : maskParticipant(sender);
}
