/**
 * Untrusted text on one line, safe for a terminal or a log: white space that breaks or jumps is a space, other control
 * characters and those that turn the direction of a line are shown as `\u001b`.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu, (char) =>
    char === '\n' || char === '\t' || char === '\r'
      ? ' '
      : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
