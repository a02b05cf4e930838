/** Text of `explain`: meaning and remedy of statuses and reason codes, for a terminal or as Markdown. */
import { REASON_CODES, REASONS, type Reason } from '../../domain/reasons.ts';
import { STATUSES, type Status } from '../../domain/words.ts';
import { nearest } from '../../lib/text.ts';

/** Meaning and remedy of each status. README and `explain` read this one table. */
export const STATUS_WORDS: Readonly<Record<Status, Reason>> = {
  added: { meaning: 'in the group now', advice: 'nothing' },
  invited: {
    meaning: 'WhatsApp sent them an invite, which they must accept to be in',
    advice: 'wait; remind them yourself',
  },
  joined: { meaning: 'an invited person has come in', advice: 'nothing' },
  left: {
    meaning: 'was in the group, and has left or was removed',
    advice: 'ask them yourself: no run asks them again',
  },
  already_member: { meaning: 'was in the group before', advice: 'nothing' },
  duplicate: { meaning: 'the same person and group as an earlier row', advice: 'nothing' },
  invalid: {
    meaning: 'the row cannot be read for certain; nobody was asked',
    advice: 'correct it, run the same command again',
  },
  failed: {
    meaning: 'the API or WhatsApp refused; `reason_code` says why',
    advice: '`explain` it; `--retry failed` asks again',
  },
  unknown: {
    meaning: 'asked, the answer was lost; perhaps invited',
    advice: '`follow-up` looks; `--retry unknown` asks again',
  },
  not_attempted: {
    meaning: 'the run stopped before this row',
    advice: 'run the same command again',
  },
  planned: { meaning: 'would be asked (`--dry-run`, `check --output`)', advice: 'nothing' },
};

interface Explained extends Reason {
  readonly code: string;
  readonly kind: 'status' | 'reason_code';
}

const ALL: readonly Explained[] = [
  ...STATUSES.map((code) => ({ code, kind: 'status' as const, ...STATUS_WORDS[code] })),
  ...REASON_CODES.map((code) => ({ code, kind: 'reason_code' as const, ...REASONS[code] })),
];

/** Normal form of a code that a person typed, in any case, and with spaces or `-` for `_`. */
function codeOf(word: string): string {
  return word
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
}

/** Entries for these words, or all without words; else the first word that is not a code, and the nearest code. */
export function lookUp(
  words: readonly string[],
):
  | { readonly found: readonly Explained[] }
  | { readonly unknown: string; readonly near: string | undefined } {
  const found: Explained[] = [];
  for (const word of words) {
    const one = ALL.find(({ code }) => code === codeOf(word));
    if (one === undefined) {
      const codes = ALL.map(({ code }) => code);
      return { unknown: word, near: nearest(codeOf(word), codes, (code) => code) };
    }
    found.push(one);
  }
  return { found: words.length === 0 ? ALL : found };
}

export function explainText(found: readonly Explained[]): string {
  const plain = (text: string) => text.replaceAll('`', '');
  return found
    .map(({ code, kind, meaning, advice }) =>
      [`${code}  (${kind})`, `  means       ${plain(meaning)}`, `  what to do  ${plain(advice)}`, ''].join(
        '\n',
      ),
    )
    .join('\n');
}

export function explainMarkdown(found: readonly Explained[]): string {
  return (['status', 'reason_code'] as const)
    .map((kind) => ({ kind, rows: found.filter((one) => one.kind === kind) }))
    .filter(({ rows }) => rows.length > 0)
    .map(({ kind, rows }) =>
      [
        `| ${kind} | meaning | what to do |`,
        '|---|---|---|',
        ...rows.map(({ code, meaning, advice }) => `| \`${code}\` | ${meaning} | ${advice} |`),
        '',
      ].join('\n'),
    )
    .join('\n');
}
