import type { ReasonCode } from '../../domain/reasons.ts';
import type { SettledStatus } from '../../domain/words.ts';
import { wordsOfCode } from './entries.ts';

/** One validated value of the 200 body; or the words of an answer on the whole ask, without `is_success`. */
export interface Verdict {
  readonly isSuccess: boolean | undefined;
  readonly code: number | undefined;
  /** The code as received if it is more than a number; otherwise ''. */
  readonly codeText: string;
  readonly message: string;
  readonly inviteSent: boolean;
}

/** Reasons that hold for the whole group: the rest is `failed` with it, without asking. */
export type Effect = 'group_full' | 'not_admin' | 'sender_not_in_group' | 'chat_not_found';

/** `in_doubt_or_full`: in doubt, unless the group turns out to be full. */
export type Finding =
  | { readonly status: SettledStatus; readonly reasonCode: ReasonCode | ''; readonly effect?: Effect }
  | 'throttled'
  | 'in_doubt'
  | 'in_doubt_or_full';

interface Row {
  /** Words, matched before any code. */
  readonly says?: RegExp;
  /** The words count only with a success, and not if they also match `unless`. */
  readonly ofSuccess?: { readonly unless?: RegExp };
  /** Codes, matched if no row's words match. */
  readonly codes?: readonly number[];
  /** The codes count only if the message says nothing. */
  readonly wordless?: true;
  readonly finding: Finding;
}

const INVITED: Finding = { status: 'invited', reasonCode: '' };
const failed = (reasonCode: ReasonCode): Finding => ({ status: 'failed', reasonCode });
const closes = (effect: Effect): Finding => ({ status: 'failed', reasonCode: effect, effect });

const APOSTROPHE = `['’\`]`;

/** Words that negate what follows, or turn it into a wish. */
const DENIED = String.raw`(?<!\b(?:not|never|no|without|cannot|if|unless|until|be)\s+(?:been\s+|yet\s+|an?\s+|the\s+|any\s+|group\s+|private\s+)*|n${APOSTROPHE}t\s+(?:been\s+|yet\s+|an?\s+|the\s+)*)`;

const words = (pattern: string): RegExp => new RegExp(pattern, 'i');

/** `invite … sent` and `sent … an invite`, in one sentence without a negation between. Never a bare "invit". */
const INVITE_SENT = words(
  String.raw`${DENIED}\binvit(?:e|ation)s?\b(?:(?!\b(?:not|never|cannot|failed|unable|be|if|unless)\b|n${APOSTROPHE}t\b)[^.;!?])*?\bsent\b` +
    String.raw`|${DENIED}\bsent(?:\s+(?:an?|the|them|him|her|out|group|private|whatsapp))*\s+invit(?:e|ation)`,
);

/** Small words between a negation and its object. */
const SMALL = String.raw`(?:\s+(?:been|be|yet|an?|the|any|group|private|send|sent|get|to|have|has|had|need|needed|require|required|is|are|was|were|of|for|via|by|them|this|person|participant|people|link|message|could|would|will|can|did|does|do)){0,4}`;
/** A failed or needless invite: "could not be invited", "no invite needed". */
const NO_INVITE = words(
  String.raw`(?:\b(?:not|never|no|without|cannot|unable|fail|fails|failed)|n${APOSTROPHE}t)${SMALL}\s+invit` +
    String.raw`|\binvit\w*${SMALL}(?:\s+(?:not|never|no|cannot|fails?|failed|unable|unnecessary|skipped)\b|n${APOSTROPHE}t\b|\s+\w+n${APOSTROPHE}t\b)`,
);

const NEAR = '[^.;!?]{0,60}?';

/** An invite or add left to somebody: "please invite manually", "they can be invited later", "use the invite link". */
const BY_HAND = words(
  [
    String.raw`${DENIED}\b(?:please|kindly|can|could|may|might|must|should|shall|if|unless|until|try|ask|required|needs?|requires?|(?:has|have|had|is|are) to)(?:\s+only)?${SMALL}[\s:,]+invit`,
    String.raw`${DENIED}\b(?:please|must|should|(?:has|have|needs?|is|are) to)${SMALL}\s+(?:add|added|join)\b`,
    String.raw`\b(?:ask|tell|contact|get)\b${NEAR}\bto\s+(?:invite|add|join)\b|\bonly\b${NEAR}\bcan (?:add|invite)\b`,
    String.raw`${DENIED}\binvit(?:e|ation)s?(?:\s+(?:link|is|are|was|were))*\s+(?:needed|required|necessary)\b`,
    String.raw`\binvit(?:e|ation)s?(?:\s+link)?\s+(?:must|should|can|could|may|might|(?:has|have|needs?|is|are) to)\s+be\s+(?:sent|shared|made|given|created|issued)\b`,
    String.raw`^\s*invite\s+(?:them|him|her|the|this|user|person|participant|privately|directly|personally)\b`,
    String.raw`${DENIED}\bmanual\w*|\bby hand\b|\b(?:yoursel|themsel)(?:f|ves)\b`,
    String.raw`(?:^\s*|[.;:,!?]\s*|\b(?:please|kindly|then|and|to|must|should|can)\s+)(?:send|share|use|forward|give)\b${NEAR}\b(?:invit|link)`,
    String.raw`\b(?:please|kindly)\s+(?:send|share|forward)\b|\b(?:send|share|use|forward)\s+https?:`,
    String.raw`(?<!\binvited (?:them )?to )\bjoin\b${NEAR}\b(?:via|through|by|with|using)\b${NEAR}\b(?:invit|link)`,
  ].join('|'),
);

const NOT = String.raw`(?:\b(?:not|never)|n${APOSTROPHE}t)`;
const CONTRADICTION = words(
  [
    String.raw`\b(?:fail|fails|failed|failure|unable|error|impossible|refused|rejected|denied|declined|skipped)\b`,
    String.raw`\bcannot\b|\b(?:can|could)(?:n${APOSTROPHE}?t| not)\b`,
    String.raw`${NOT}(?: \w+){0,2} (?:added|invited)\b|\binvit\w*(?: link)?(?: was| is| has)? not(?: been)? sent\b`,
    String.raw`${NOT}(?: \w+)? (?:possible|allowed|permitted|able)\b`,
    String.raw`\bdid(?: not|n${APOSTROPHE}t) (?:add|invite)\b`,
    String.raw`\b(?:nobody|none|(?:no|0) (?:one|participants?|people|members?))(?: \w+){0,2} added\b`,
  ].join('|'),
);

/** A message without information: the code decides. */
const TELLS_NOTHING =
  /^\s*(?:(?:error|failed|failure|(?:failed|unable) to add (?:the )?participants?|could not add (?:the )?participants?|code|\d{3})[\s:.!]*)*$/i;

const CHAT = '(?:group|chat|community)';
const RIGHTS = '(?:group )?admin (?:rights|permissions?|privileges)';

/**
 * The table of api/FACTS.md, "Answer → status", in its order. The words of all rows are tried before the codes, because
 * the API's mapping of engine texts to codes is not public. An answer by which the engine does not know is in doubt,
 * never `failed`, because asking again would send a second invite.
 */
const TABLE: readonly Row[] = [
  { says: INVITE_SENT, finding: INVITED },
  {
    says: words(String.raw`${DENIED}\b(?:added successfully|successfully added)\b`),
    codes: [200],
    finding: { status: 'added', reasonCode: '' },
  },
  {
    says: words(
      String.raw`${DENIED}\balready (?:a (?:group )?(?:member|participant)\b|(?:exists? |present )?(?:in|part of|member of) (?:(?:the|this) )?${CHAT}\b|(?:been )?added(?: to (?:the |this )?${CHAT})?[.!]?\s*$)`,
    ),
    codes: [409],
    finding: { status: 'already_member', reasonCode: '' },
  },
  {
    says: words(
      String.raw`(?:\bnot|n${APOSTROPHE}t) (?:registered |found |exist )?on whatsapp\b|\bno (?:whatsapp account|account on whatsapp)\b|\b(?:not a(?: valid)?|invalid) whatsapp (?:user|number|account|contact)\b`,
    ),
    codes: [404],
    wordless: true,
    finding: failed('not_on_whatsapp'),
  },
  {
    says: words(
      String.raw`\bprivate invitation only\b|\bnumber (?:was|is) restricted\b|\bprivacy settings?\b`,
    ),
    codes: [403],
    wordless: true,
    finding: failed('privacy_blocked'),
  },
  {
    says: words(
      String.raw`\brecently left\b|\bleft (?:the|this) (?:group|community) recently\b|\bleft recently\b`,
    ),
    codes: [408],
    wordless: true,
    finding: failed('recently_left'),
  },
  {
    says: words(
      String.raw`\bno ${RIGHTS}\b|\b${RIGHTS} (?:are |is )?(?:required|needed)\b|\bneeds? ${RIGHTS}\b|\bnot[-_ ]authori[sz]ed\b|\bonly (?:group )?admins can add\b|\b(?:must|needs? to) be (?:an? )?(?:group )?admin\b|\b(?:you(?:${APOSTROPHE}re| are)|(?:phone|sender|bot|account) is) not (?:an? )?(?:group )?admin`,
    ),
    finding: closes('not_admin'),
  },
  { codes: [401], finding: failed('refused_by_person') },
  {
    says: words(String.raw`\bremoved (?:previously |before |earlier )?by (?:an? |the )?(?:group )?admin`),
    codes: [402],
    finding: failed('removed_by_admin'),
  },
  {
    says: words(
      String.raw`\bforbidden\b|\b(?:you(?:${APOSTROPHE}re| are)|(?:your |the |this |sending )*(?:phone|sender) is) (?:not|no longer) (?:an? )?(?:group )?(?:member|participant|in (?:the|this) (?:group|chat))|\byou (?:were|have been) removed from (?:the|this) ${CHAT}\b`,
    ),
    finding: closes('sender_not_in_group'),
  },
  {
    says: words(
      String.raw`\bitem[-_ ]not[-_ ]found\b|\bgroup (?:has )?ended\b|\bgroup (?:no longer exists|does(?: not|n${APOSTROPHE}t) exist|(?:is|was|has been) deleted)\b|\b(?:chat|group) (?:was )?not found\b|\bempty group\b`,
    ),
    finding: closes('chat_not_found'),
  },
  { says: words(String.raw`\bnot[-_ ]acceptable\b`), codes: [406], finding: failed('not_acceptable') },
  {
    says: words(
      String.raw`\bcan(?:${APOSTROPHE}?t|not| not) be added to (?:the|this) community\b|\bthis action (?:is not|isn${APOSTROPHE}?t) available\b`,
    ),
    codes: [417, 416],
    finding: failed('community_blocked'),
  },
  {
    says: words(String.raw`${DENIED}\b(?:group|community) (?:is (?:already )?)?full\b`),
    codes: [419],
    finding: closes('group_full'),
  },
  {
    says: words(
      String.raw`${DENIED}\b(?:awaiting|pending|waiting for) (?:(?:an?|the|group) )*(?:admin${APOSTROPHE}?s? |administrator )?approval\b|${DENIED}\balready requested\b`,
    ),
    codes: [421],
    finding: { status: 'invited', reasonCode: 'pending_approval' },
  },
  {
    says: words(
      String.raw`\brate[-_ ]?over[-_ ]?limit\b|\btoo quickly\b|\bcan(?:${APOSTROPHE}?t|not| not) add (?:any )?more (?:members|participants|people)\b|\btoo many requests\b|\brate[- ]limit`,
    ),
    codes: [429],
    finding: 'throttled',
  },
  {
    says: words(
      String.raw`\bunknown error\b|\btim(?:ed?|ing)[-_ ]?out(?:error)?\b|\bdeadline exceeded\b|\b(?:internal|unexpected|network|server) error\b|\bsomething went wrong\b|\bconnection (?:was |is |has been )?(?:lost|closed|terminated|failure|reset)\b|\bsession (?:was |is |has been )?closed\b|\b(?:service|temporarily)[-_ ]unavailable\b|\bstream errored\b|\brestart required\b|\btarget closed\b|\bpage has been closed\b|\binternal[- ]server[- ]error\b|\bsocket hang ?up\b|\bE(?:CONNRESET|PIPE|TIMEDOUT)\b|\bexecution context (?:was |is )?destroyed\b|\bevaluation failed\b|\bwebsocket (?:was |is )?closed\b|\bdisconnected\b|\blogged[- ]out\b|\bbad session\b|\b(?:phone|session|client|device|whatsapp) is (?:not (?:connected|ready|authenticated|logged in)|offline)\b`,
    ),
    codes: [400, 408, 428, 440, 500, 502, 503, 504, 515, 530],
    finding: 'in_doubt',
  },
  { says: BY_HAND, ofSuccess: {}, finding: 'in_doubt' },
  // The wording is a template that the organisation may change: with a success any form of "invit…" is an invite.
  { says: /\binvit/i, ofSuccess: { unless: NO_INVITE }, finding: INVITED },
  { says: CONTRADICTION, ofSuccess: {}, finding: 'in_doubt' },
];

/** Codes that go with either `is_success`; any other that contradicts it decides nothing. */
const EITHER_WAY: readonly number[] = [409, 421, 429];

const agrees = ({ isSuccess, code = 200 }: Verdict): boolean =>
  EITHER_WAY.includes(code) || isSuccess === code < 400;

/** Finding for the API's verdict on one participant. */
export function weigh(verdict: Verdict): Finding {
  const finding = verdict.inviteSent
    ? INVITED
    : (byWords(verdict, verdict.message) ?? byCodeWords(verdict) ?? byCode(verdict));
  // Throttled people are asked again; after a success that could be a second invite.
  if (finding === 'throttled' && verdict.isSuccess === true) return 'in_doubt';
  return finding === 'in_doubt' && verdict.code === 500 ? 'in_doubt_or_full' : finding;
}

/**
 * Finding by words. Words that deny `is_success` leave a doubt; beside a success the rest of them may still tell of an
 * invite.
 */
function byWords(verdict: Verdict, said: string): Finding | undefined {
  const { isSuccess } = verdict;
  const row = TABLE.find(
    ({ says, ofSuccess }) =>
      says?.test(said) === true &&
      (ofSuccess === undefined || (isSuccess === true && ofSuccess.unless?.test(said) !== true)),
  );
  if (row?.says === undefined) return undefined;
  const { says, finding } = row;
  const status = typeof finding === 'object' ? finding.status : undefined;
  if (isSuccess === false && status === 'added') return 'in_doubt';
  if (isSuccess !== true || status !== 'failed') return finding;
  return byWords(verdict, said.replace(new RegExp(says, 'gi'), ' ')) === INVITED ? INVITED : 'in_doubt';
}

/** Finding for an engine's name of a code, by the row of its text. */
function byCodeWords(verdict: Verdict): Finding | undefined {
  return byWords(verdict, wordsOfCode(verdict.codeText));
}

function byCode(verdict: Verdict): Finding {
  const { isSuccess, code, message } = verdict;
  if (isSuccess === undefined) return 'in_doubt';
  if (code !== undefined && !agrees(verdict)) return 'in_doubt';
  const row = TABLE.find(
    ({ codes, wordless }) =>
      code !== undefined && codes?.includes(code) === true && (!wordless || TELLS_NOTHING.test(message)),
  );
  if (row !== undefined) return row.finding;
  // One read of the group at the end of the run settles a bare success.
  if (isSuccess) return { status: 'added', reasonCode: 'unconfirmed' };
  return code !== undefined && code >= 500 ? 'in_doubt' : failed('other');
}
