/**
 * Closed list of reason codes: meaning of each, and advice for the person with the spreadsheet. The one source for
 * `explain`, summary, HTML report and `check`.
 */
export interface Reason {
  readonly meaning: string;
  readonly advice: string;
}

const table = {
  // --- after an ask: accepted
  confirmed_by_membership: {
    meaning: 'the answer was lost, or did not say what was done; the group lists this person as a member',
    advice: 'nothing to do',
  },
  confirmed_by_notification: {
    meaning:
      'the answer was lost; the notifications of the group tell that this person was added after the ask',
    advice: 'nothing to do',
  },
  unconfirmed: {
    meaning: 'the API reported success without saying whether it was an add or an invite',
    advice: 'nothing to do; follow-up tells later whether they are in the group',
  },
  pending_approval: {
    meaning: 'a request to join waits for a group admin',
    advice: 'have a group admin approve the request in WhatsApp',
  },
  accepted_invite: {
    meaning: 'invited, and has come into the group since',
    advice: 'nothing to do',
  },
  left_since: {
    meaning: 'was in the group, and has left it or was removed from it since',
    advice: 'ask them before anything else: nobody who has left is asked again',
  },
  row_corrected: {
    meaning: 'was asked for a row that somebody has corrected since, so that it named another person',
    advice: 'nothing to do',
  },
  listed_as_member: {
    meaning: 'the group listed this person as a member before anybody was asked',
    advice: 'nothing to do',
  },
  // --- after an ask: not accepted
  not_on_whatsapp: {
    meaning: 'this number has no WhatsApp account',
    advice: 'check the number with the person, correct it, and run again',
  },
  privacy_blocked: {
    meaning: 'this person’s privacy settings let only their contacts add them, and no invite was sent',
    advice: 'send them the group’s invite link yourself',
  },
  recently_left: {
    meaning: 'this person left the group a short while ago, and WhatsApp refuses to add them back yet',
    advice: 'ask them first; then send them the group’s invite link',
  },
  community_blocked: {
    meaning: 'this person cannot be added to the community that the group belongs to',
    advice: 'send them the group’s invite link yourself',
  },
  removed_by_admin: {
    meaning: 'a group admin removed this person before, and WhatsApp refuses to add them back',
    advice: 'ask an admin of the group; then send this person the group’s invite link yourself',
  },
  refused_by_person: {
    meaning: 'this person does not let the sending phone add them (they may have blocked it)',
    advice: 'leave them alone, or ask them by other means and send the group’s invite link',
  },
  not_acceptable: {
    meaning: 'WhatsApp does not accept this person for the group',
    advice: 'send them the group’s invite link yourself',
  },
  group_full: {
    meaning: 'the group has reached WhatsApp’s limit of members',
    advice: 'make a second group, put its chat_id on these rows, and run again',
  },
  not_admin: {
    meaning: 'the sending phone may not add people to this group',
    advice: 'make the sending phone an admin of the group, then run again with --retry failed',
  },
  sender_not_in_group: {
    meaning: 'the sending phone is not a member of this group',
    advice: 'add the sending phone to the group as an admin, then run again with --retry failed',
  },
  chat_not_found: {
    meaning: 'the API knows no such group for this phone',
    advice: 'check the chat_id, and that the sending phone is in the group',
  },
  bad_request: {
    meaning: 'the API refused this participant as malformed',
    advice: 'read the message; correct the number; run again with --retry failed',
  },
  whatsapp_throttled: {
    meaning: 'WhatsApp itself is slowing this phone down (not the API’s rate limit)',
    advice: 'stop for a day, then go on with --gap and --daily-cap',
  },
  throttled: {
    meaning: 'the API kept answering “too many requests” or “unavailable”',
    advice: 'run the same command again later',
  },
  redirected: {
    meaning: 'the API answered with a redirect, which is never followed with the key',
    advice: 'check --base-url',
  },
  other: { meaning: 'the API refused without a reason we know', advice: 'read the message column' },
  no_answer: {
    meaning: 'asked, but the answer was lost or unreadable, and the group does not list this person',
    advice:
      'let follow-up look into the group again; ask again only if you accept a second message: --retry unknown',
  },
  // --- not attempted
  interrupted: { meaning: 'the run was stopped before this row', advice: 'run the same command again' },
  cohort_changed: {
    meaning: 'the cohort’s file has changed since the run began; the results are of what it held then',
    advice: 'look at the cohort; run the same command again',
  },
  key_rejected: {
    meaning: 'the API rejected the key',
    advice: 'make a new key in the Periskope console (Settings > API) and run again',
  },
  phone_not_connected: {
    meaning: 'the sending phone is not connected to WhatsApp',
    advice: 'reconnect it in the Periskope console, then run again',
  },
  phone_blocked: {
    meaning: 'WhatsApp has blocked the sending phone’s number',
    advice: 'appeal in WhatsApp on that phone, or send through another phone',
  },
  sender_refused: {
    meaning: 'the API does not know the sending phone, or refuses to send through it',
    advice: 'check --phone (or the sender column) and the phone in the Periskope console, then run again',
  },
  account_refused: {
    meaning: 'the API refuses the account, not a person or a group',
    advice: 'read the message; check the plan and the key’s rights in the Periskope console, then run again',
  },
  payment_required: {
    meaning: 'the API asks for a payment before it goes on',
    advice: 'settle the bill in the Periskope console, then run again',
  },
  not_the_api: {
    meaning: 'something in front of the API refused the request: a firewall, a proxy, or a wrong address',
    advice: 'check --base-url; when it is right, run the same command again later',
  },
  breaker: {
    meaning: 'several asks in a row went wrong, and the run stopped to protect the account',
    advice: 'look at the last messages before you run again',
  },
  max_errors: {
    meaning: 'the run stopped at --max-errors',
    advice: 'look at the failures before you run again',
  },
  deadline: { meaning: 'the run reached its --deadline', advice: 'run the same command again' },
  daily_cap: { meaning: 'the sender reached its --daily-cap', advice: 'run the same command again tomorrow' },
  api_unreachable: { meaning: 'the API could not be reached', advice: 'run the same command again later' },
  redis_unreachable: {
    meaning: 'Redis, which shares the allowance between runs, could not be reached',
    advice: 'run the same command again when Redis is back',
  },
  ledger_failed: {
    meaning: 'the ledger could no longer be written',
    advice: 'make room on the disk, then run the same command again',
  },
  no_result: {
    meaning: 'none of the merged files has a result for this row',
    advice: 'run the shard that it is in, then merge again',
  },
  limit: { meaning: 'beyond --limit', advice: 'run again with a larger --limit' },
  // --- the cohort: phones
  phone_missing: { meaning: 'the phone cell is empty', advice: 'fill it in' },
  phone_scientific_notation: {
    meaning: 'a spreadsheet has turned the number into scientific notation: its last digits are gone',
    advice: 'format the column as text and paste the numbers again from the source',
  },
  phone_rounded: {
    meaning: 'a spreadsheet has taken the number for a quantity: its last digits are rounded or gone',
    advice: 'format the column as text and paste the numbers again from the source',
  },
  phone_calculated: {
    meaning: 'a spreadsheet has taken the number for a sum and written the result, below zero',
    advice: 'format the column as text and paste the numbers again from the source',
  },
  phone_masked: { meaning: 'some digits are hidden by a mask', advice: 'fill in the whole number' },
  phone_no_country: {
    meaning: 'the number has no country code',
    advice: 'write it with + and the country code, or give --default-country',
  },
  phone_ambiguous: {
    meaning: 'the number can be read in two ways',
    advice: 'write it with + and the country code',
  },
  phone_multiple: { meaning: 'the cell holds more than one number', advice: 'keep one number per row' },
  phone_extension: {
    meaning: 'the number has an extension, which no WhatsApp account has',
    advice: 'give the person’s mobile number',
  },
  phone_too_short: { meaning: 'too few digits for its country', advice: 'complete the number' },
  phone_too_long: { meaning: 'too many digits for its country', advice: 'correct the number' },
  phone_unknown_country: { meaning: 'no country has this country code', advice: 'correct the country code' },
  phone_not_a_number: { meaning: 'the cell holds no phone number', advice: 'correct the cell' },
  phone_invalid: { meaning: 'not a possible number of its country', advice: 'correct the number' },
  phone_conflict: {
    meaning: 'two columns of the row contradict each other about the phone',
    advice: 'correct one of them, or clear the one that is wrong',
  },
  // --- the cohort: groups
  chat_id_missing: { meaning: 'the chat_id cell is empty', advice: 'fill it in, or give --chat-id' },
  chat_id_truncated: {
    meaning: 'a spreadsheet has rounded the chat_id: its last digits are gone',
    advice: 'format the column as text and paste the ids again from the source',
  },
  chat_id_invite_link: {
    meaning: 'the cell holds an invite link, not a chat_id',
    advice: 'use the id, which looks like 120363371308389685@g.us (Periskope console: the chat’s info)',
  },
  chat_id_not_a_group: {
    meaning: 'the id is a person’s chat, not a group',
    advice: 'use a group id, which ends in @g.us',
  },
  chat_id_invalid: {
    meaning: 'not a chat_id',
    advice: 'use the id, which looks like 120363371308389685@g.us (Periskope console: the chat’s info)',
  },
  group_name_unknown: {
    meaning: 'the cell holds a name, and no group has it',
    advice: 'correct the name (case and spaces do not matter), or write the chat_id in its place',
  },
  group_name_ambiguous: {
    meaning: 'the cell holds a name that stands for two different groups',
    advice: 'write the chat_id in its place (group-onboard groups lists them), or rename one of the groups',
  },
  // --- the cohort: senders
  sender_missing: {
    meaning: 'the sender cell is empty, and the run has no phone of its own',
    advice: 'fill it in, or give --phone',
  },
  sender_unreadable: {
    meaning: 'the sender cell holds no sending phone',
    advice: 'write country code + number, or the phone’s id (phone-…)',
  },
  // --- the cohort: rows
  too_few_fields: { meaning: 'the row has fewer fields than the header', advice: 'add the missing commas' },
  too_many_fields: {
    meaning: 'the row has more fields than the header',
    advice: 'put quotes around the field that contains the delimiter',
  },
  status_edited: {
    meaning: 'in a results CSV used as the cohort: its status is not what run wrote',
    advice:
      'put the status back, or clear all of the row’s results: who was asked is not asked again by that',
  },
  unreadable_row: { meaning: 'the row is not valid CSV', advice: 'correct its quotes' },
} as const satisfies Record<string, Reason>;

export type ReasonCode = keyof typeof table;

export const REASONS: Readonly<Record<ReasonCode, Reason>> = table;

export const REASON_CODES = Object.keys(table) as readonly ReasonCode[];

export function isReasonCode(text: unknown): text is ReasonCode {
  return typeof text === 'string' && Object.hasOwn(table, text);
}
