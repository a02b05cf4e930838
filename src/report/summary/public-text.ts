/** Text for pages that others read too (job pages, dashboards): nothing in it leads to a person. */
import { maskNumbers } from '../../domain/safe-text.ts';
import { plain } from '../../lib/text.ts';

/** Untrusted text on one line, with everything masked that could be a phone number. */
export function publicText(text: string, most = 300): string {
  return plain(maskNumbers(text), most);
}
