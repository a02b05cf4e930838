import type { ReasonCode } from '../domain/reasons.ts';
import type { SettledStatus } from '../domain/words.ts';

/** One value of the 200 body, validated. */
export interface Verdict {
  readonly isSuccess: boolean;
  readonly code: number | undefined;
  readonly message: string;
  readonly inviteSent: boolean;
}

/** What an outcome means for more than its own pair. */
export type Effect = 'group_full' | 'not_admin';

export type Finding =
  | { readonly status: SettledStatus; readonly reasonCode: ReasonCode | ''; readonly effect?: Effect }
  | 'throttled';

interface Evidence {
  readonly code?: number;
  readonly says?: RegExp;
  readonly holds?: (verdict: Verdict) => boolean;
  readonly finding: Finding;
}

/** Words that turn what follows them into its opposite, or into a wish. */
const DENIED = String.raw`(?<!\b(?:not|never|no|without|cannot|if|unless|until|be)\s+(?:been\s+|yet\s+|an?\s+|the\s+|any\s+|group\s+|private\s+)*|n['’]t\s+(?:been\s+|yet\s+|an?\s+|the\s+)*)`;

/** `invite … sent` and `sent … an invite`, in one sentence and not denied in between. Never a bare "invit". */
const INVITE_SENT = new RegExp(
  String.raw`${DENIED}\binvit(?:e|ation)s?\b(?:(?!\b(?:not|never|cannot|failed|unable|be|if|unless)\b|n['’]t\b)[^.;!?])*?\bsent\b` +
    String.raw`|${DENIED}\bsent(?:\s+(?:an?|the|them|him|her|out|group|private|whatsapp))*\s+invit(?:e|ation)`,
  'i',
);

/** The table of api/FACTS.md, "Answer → status", in its order: the first row that holds decides. */
const TABLE: readonly Evidence[] = [
  {
    holds: ({ inviteSent }) => inviteSent,
    says: INVITE_SENT,
    finding: { status: 'invited', reasonCode: '' },
  },
  {
    code: 200,
    says: new RegExp(String.raw`${DENIED}\b(?:added successfully|successfully added)\b`, 'i'),
    finding: { status: 'added', reasonCode: '' },
  },
  {
    code: 409,
    says: new RegExp(
      String.raw`${DENIED}\balready (?:a (?:group )?(?:member|participant)\b|(?:in|part of) (?:the|this) group\b)`,
      'i',
    ),
    finding: { status: 'already_member', reasonCode: '' },
  },
  {
    code: 404,
    says: /(?:\bnot|n['’]t) (?:registered )?on whatsapp\b/i,
    finding: { status: 'failed', reasonCode: 'not_on_whatsapp' },
  },
  {
    code: 403,
    says: /\bprivate invitation only\b/i,
    finding: { status: 'failed', reasonCode: 'privacy_blocked' },
  },
  { code: 408, says: /\brecently left\b/i, finding: { status: 'failed', reasonCode: 'recently_left' } },
  {
    code: 417,
    says: /\bcan(?:['’]?t|not| not) be added to the community\b/i,
    finding: { status: 'failed', reasonCode: 'community_blocked' },
  },
  {
    code: 419,
    says: /\bgroup is full\b/i,
    finding: { status: 'failed', reasonCode: 'group_full', effect: 'group_full' },
  },
  {
    code: 421,
    says: /\b(?:awaiting|pending) approval\b/i,
    finding: { status: 'invited', reasonCode: 'pending_approval' },
  },
  {
    code: 401,
    says: /\bno admin rights\b/i,
    finding: { status: 'failed', reasonCode: 'not_admin', effect: 'not_admin' },
  },
  { code: 429, says: /\brate[-_ ]?over[-_ ]?limit\b/i, finding: 'throttled' },
  { holds: ({ isSuccess }) => isSuccess, finding: { status: 'added', reasonCode: 'unconfirmed' } },
];

const UNEXPLAINED: Finding = { status: 'failed', reasonCode: 'other' };

/** What the API's word on one participant means. */
export function weigh(verdict: Verdict): Finding {
  const row = TABLE.find(
    ({ code, says, holds }) =>
      (code !== undefined && code === verdict.code) ||
      says?.test(verdict.message) === true ||
      holds?.(verdict) === true,
  );
  return row?.finding ?? UNEXPLAINED;
}
