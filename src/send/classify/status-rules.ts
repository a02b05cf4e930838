/** What an HTTP status means by itself: the one table of them. Whom a refusal is about, its words tell (refusal.ts). */
const rule = <M extends string>(meaning: M, ...statuses: number[]) => ({ meaning, statuses });

const RULES = [
  // The same request is wanted elsewhere: nothing was done.
  rule('moved', 301, 307, 308),
  rule('request', 400, 413),
  rule('key', 401),
  rule('payment', 402),
  rule('forbidden', 403),
  rule('not_found', 404),
  rule('invalid', 422),
  // A refusal that may follow work already done.
  rule('perhaps_done', 408, 409, 424, 499),
  // Less haste is wanted.
  rule('throttled', 420, 429),
  // Not now: nothing was done. The 5xx beyond 520 are Cloudflare's, which had no connection to the API: refused (521), no
  // route (523), no TLS (525, 526), no address (530). Of a 520, 522 or 524 the API may have had the request.
  rule('unavailable', 503, 521, 523, 525, 526, 530),
];

/**
 * Other statuses, by their hundreds. A redirect may lead to what a POST has brought about (303 by definition, 302 by
 * custom); any other 4xx comes from something in front of the API; of the rest (`broken`) nobody knows.
 */
const HUNDREDS: Readonly<Record<number, 'answered' | 'moved_after' | 'front'>> = {
  2: 'answered',
  3: 'moved_after',
  4: 'front',
};

/** Statuses that mean `throttled` where the words say so, and those for which a Retry-After says it. */
const BY_WORDS: readonly number[] = [400, 403, 422, 430];
const BY_HEADER: readonly number[] = [403, 430];

export type StatusMeaning = (typeof RULES)[number]['meaning'] | (typeof HUNDREDS)[number] | 'broken';

export function statusRule(httpStatus: number) {
  const found = RULES.find(({ statuses }) => statuses.includes(httpStatus));
  const meaning: StatusMeaning = found?.meaning ?? HUNDREDS[Math.floor(httpStatus / 100)] ?? 'broken';
  return { meaning, byWords: BY_WORDS.includes(httpStatus), byHeader: BY_HEADER.includes(httpStatus) };
}
