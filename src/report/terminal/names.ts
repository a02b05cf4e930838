/** Text of the groups found for the names in a cohort's column, shown before anything is sent. */
import { maskChatId } from '../../domain/ids.ts';
import type { ReasonCode } from '../../domain/reasons.ts';
import type { ChatId } from '../../domain/words.ts';
import { count, cutMiddle, plain, publicName } from '../../lib/text.ts';

/** A name of the column: its group, or its problem. Texts are raw and untrusted. */
export interface NamedGroup {
  readonly name: string;
  readonly rows: number;
  readonly means:
    | { readonly chatId: ChatId; readonly group: string }
    | { readonly problem: ReasonCode; readonly message: string };
}

export interface NameMapping {
  readonly column: string;
  /** Source of the look-up. */
  readonly source: string;
  readonly names: readonly NamedGroup[];
}

const MOST_NAMES = 20;
const LONGEST = 50;

/** `2 names of “Batch”, looked up in groups.csv: …`. Names without a group are always shown. */
export function namesText({ column, source, names }: NameMapping, seenOnce: boolean): string {
  const shown = [
    ...names.slice(0, MOST_NAMES),
    ...names.slice(MOST_NAMES).filter(({ means }) => 'problem' in means),
  ].slice(0, 2 * MOST_NAMES);
  const lines = [
    `${count(names.length, 'name')} of “${plain(column, 60)}”, looked up in ${plain(source, 200)}:`,
    ...shown.map((one) => `  ${String(one.rows).padStart(7)}  ${nameText(one, seenOnce)}`),
  ];
  if (names.length > shown.length)
    lines.push(`           … and ${count(names.length - shown.length, 'more name')}`);
  return `${lines.join('\n')}\n`;
}

/** `“batch a” is “Batch A” (120363371308389685@g.us)`. */
export function nameText({ name, means }: NamedGroup, seenOnce: boolean): string {
  const shown = (text: string) => `“${cutMiddle(seenOnce ? plain(text) : publicName(text), LONGEST)}”`;
  if ('problem' in means) {
    const what =
      means.problem === 'group_name_ambiguous' ? 'stands for several groups' : 'is not the name of a group';
    return `${shown(name)} ${what}: nobody of these rows is asked [${means.problem}]`;
  }
  const id = seenOnce ? means.chatId : maskChatId(means.chatId);
  return `${shown(name)} is ${shown(means.group)} (${id})`;
}
