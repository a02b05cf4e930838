/** Text for pages that others read too (job pages, dashboards): nothing in it leads to a person. */
import { maskNames, maskNumbers } from '../../domain/safe-text.ts';
import { plain } from '../../lib/text.ts';

/** Untrusted text on one line, with everything masked that could be a phone number. */
export function publicText(text: string, most = 300): string {
  return plain(maskNumbers(text), most);
}

/** The name of a group in the same way: people write numbers into it, and fewer digits than a number has in a cohort. */
export function publicName(name: string, most = 300): string {
  return plain(maskNames(name), most);
}
