/**
 * Outcomes of an ask for one participant, chosen by the number's last four digits: every row of the table
 * “Answer → status” of api/FACTS.md, and every form in which a key may differ from the number asked.
 */
import { otherNumber } from '../domain/ids.ts';
import { lidOf, stableHash } from './groups.ts';

/** Effect of an ask on a participant. Only `added` and `already_member` show in the group's membership. */
export type Effect = 'added' | 'invited' | 'already_member' | 'failed' | 'throttled';

/** A value of the 200 body. Source: api/FACTS.md. */
export interface ParticipantAnswer {
  readonly is_success: boolean;
  readonly message?: string;
  /** Number as documented, or the same as a string. */
  readonly code?: number | string;
  readonly isInviteV4Sent?: boolean;
}

export interface OutcomeRow {
  /** Behaviour in one line, printed by `--help` and the README. */
  readonly does: string;
  readonly effect: Effect;
  readonly answer: ParticipantAnswer;
  /** Key of the answer if it is not `<participant>@c.us`. */
  readonly key?: (digits: string) => string;
  /** Member id in the membership read if it is not `<participant>@c.us`. */
  readonly memberId?: (digits: string) => string;
}

export const ADDED: OutcomeRow = {
  does: 'added',
  effect: 'added',
  answer: {
    is_success: true,
    code: 200,
    message: 'The participant was added successfully',
    isInviteV4Sent: false,
  },
};
/** Answer of the API page's sample, byte for byte. */
export const INVITED: OutcomeRow = {
  does: 'invited',
  effect: 'invited',
  answer: { is_success: true, message: 'Invite sent to participant' },
};
export const ALREADY_MEMBER: OutcomeRow = {
  does: 'already a member (code 409)',
  effect: 'already_member',
  answer: { is_success: false, code: 409, message: 'The participant is already a group member' },
};
export const GROUP_FULL: OutcomeRow = {
  does: 'group full (code 419)',
  effect: 'failed',
  answer: {
    is_success: false,
    code: 419,
    message: "The participant can't be added because the group is full",
  },
};
export const NO_ADMIN: OutcomeRow = {
  does: 'no admin rights (code 401)',
  effect: 'failed',
  answer: {
    is_success: false,
    code: 401,
    message: 'You have no admin rights to add participants to a group',
  },
};

export const REFUSED: OutcomeRow = {
  does: 'refused by the person, who has blocked the phone (code 401, no words)',
  effect: 'failed',
  answer: { is_success: false, code: 401 },
};
/** WhatsApp's answer for a full group, and for any other failure on its side. */
export const SERVER_TROUBLE: OutcomeRow = {
  does: 'code 500 without words, nothing done: the group is full, or WhatsApp is ill',
  effect: 'failed',
  answer: { is_success: false, code: 500 },
};

const failed = (does: string, code: number | string, message: string): OutcomeRow => ({
  does,
  effect: 'failed',
  answer: { is_success: false, code, message },
});
/** Outcome of an added person, with an answer that does not tell so. */
const addedAnd = (does: string, answer: ParticipantAnswer): OutcomeRow => ({
  does,
  effect: 'added',
  answer,
});

const variantId = (digits: string): string => `${otherNumber(digits) ?? digits}@c.us`;

/** Outcomes by the number's last four digits. */
export const OUTCOMES: Readonly<Record<string, OutcomeRow>> = {
  '0001': { does: 'added (code 200, no message)', effect: 'added', answer: { is_success: true, code: 200 } },
  '0002': {
    does: 'added (by its message only)',
    effect: 'added',
    answer: { is_success: true, message: 'Participant added successfully' },
  },
  '0003': { ...INVITED, does: 'invited (“Invite sent to participant”)' },
  '0004': ALREADY_MEMBER,
  '0005': failed('not on WhatsApp (code 404)', 404, 'The phone number is not registered on WhatsApp'),
  '0006': failed(
    'privacy settings, no invite sent (code 403)',
    403,
    'The participant can be added by sending private invitation only',
  ),
  '0007': {
    does: 'privacy settings, invite sent (code 403, isInviteV4Sent)',
    effect: 'invited',
    answer: {
      is_success: false,
      code: 403,
      message: 'The participant can be added by sending private invitation only',
      isInviteV4Sent: true,
    },
  },
  '0008': failed(
    'recently left (code 408)',
    408,
    'You cannot add this participant because they have recently left the group',
  ),
  '0009': failed(
    'refused by the community (code 417)',
    417,
    "The participant can't be added to the community. You can invite them privately to join this group through its invite link",
  ),
  '0010': GROUP_FULL,
  '0011': {
    does: 'awaiting approval (code 421)',
    effect: 'invited',
    answer: { is_success: true, code: 421, message: 'The participant is awaiting approval by a group admin' },
  },
  '0012': NO_ADMIN,
  '0013': {
    does: 'WhatsApp itself throttles (code 429, rate-overlimit): nothing is done',
    effect: 'throttled',
    answer: { is_success: false, code: 429, message: 'rate-overlimit' },
  },
  '0014': {
    does: 'added, and the answer is is_success: true alone',
    effect: 'added',
    answer: { is_success: true },
  },
  '0015': {
    does: 'failed, and the answer is is_success: false alone',
    effect: 'failed',
    answer: { is_success: false },
  },
  '0020': {
    ...ADDED,
    does: 'added, answered under <number>@s.whatsapp.net',
    key: (digits) => `${digits}@s.whatsapp.net`,
  },
  '0021': {
    ...ADDED,
    does: 'added, answered under <number>:12@s.whatsapp.net',
    key: (digits) => `${digits}:12@s.whatsapp.net`,
  },
  '0022': { ...ADDED, does: 'added, answered under a LID (…@lid)', key: lidOf },
  '0023': { ...ADDED, does: 'added, answered under the bare digits', key: (digits) => digits },
  '0024': {
    ...ADDED,
    does: 'added, answered and listed under the other number of the same person (52/521, 54/549, Brazil’s ninth digit)',
    key: variantId,
    memberId: variantId,
  },
  '0025': REFUSED,
  '0026': failed('removed by an admin before (code 402)', 402, 'The participant was removed by an admin'),
  '0027': failed('not acceptable (code 406)', 406, 'not-acceptable'),
  '0028': failed('refused by the community (code 416)', 416, 'This action is not available'),
  '0029': failed('group full, in words beside code 500', 500, 'This group is full'),
  '0030': SERVER_TROUBLE,
  '0031': {
    does: 'has already requested to join (code 421)',
    effect: 'invited',
    answer: { is_success: true, code: 421, message: 'Already requested' },
  },
  '0032': failed('the phone is not in the group (code 403, forbidden)', 403, 'forbidden'),
  '0033': failed('no such group (code 404, item-not-found)', 404, 'item-not-found'),
  '0034': {
    does: 'WhatsApp itself throttles (code 429, in words): nothing is done',
    effect: 'throttled',
    answer: {
      is_success: false,
      code: '429',
      message: 'You are adding too many contacts to groups too quickly',
    },
  },
  '0035': {
    ...INVITED,
    does: 'invited (“Invite queued”)',
    answer: { is_success: true, message: 'Invite queued' },
  },
  '0036': addedAnd('added, and the engine does not know (code 400, “An unknown error”)', {
    is_success: false,
    code: 400,
    message: 'An unknown error occurred',
  }),
  '0037': addedAnd('added, and the engine does not know (code 408, “Timed Out”)', {
    is_success: false,
    code: 408,
    message: 'Timed Out',
  }),
  '0038': failed('nothing done, and the engine does not know (code 428)', 428, 'Connection Closed'),
  '0039': failed('nothing done, and the engine does not know (code 503)', '503', 'service-unavailable'),
  '0040': failed('nothing done, and the engine does not know (code 440)', 440, 'Connection was lost'),
  '0041': failed('nothing done, and the engine does not know (code 515)', 515, 'Session closed'),
  '0042': failed('nothing done, and the engine does not know (code 530)', 530, ''),
  '0043': {
    ...INVITED,
    does: 'invited, and the answer is is_success: true alone',
    answer: { is_success: true },
  },
  '0044': addedAnd('added (code "200", a string)', { is_success: true, code: '200' }),
  '0045': {
    ...ADDED,
    does: 'not added, and the answer is about another phone',
    effect: 'failed',
    key: (digits) => `${digits.slice(0, -4)}9999@c.us`,
  },
};

/**
 * Outcome of any other ending: a stable function of the number, about 60 % added and 40 % invited. With
 * `force_add_participants` all of these are added; documented endings are unaffected.
 */
export function naturalOutcome(digits: string, force: boolean): OutcomeRow {
  return force || stableHash(`mix ${digits}`) % 10 < 6 ? ADDED : INVITED;
}
