import type { ChatId } from '../domain/words.ts';

/**
 * What to say of ids that look like what JavaScript leaves of long numbers: a script, or a JSON export, has read them as
 * numbers, and another group's id may have come out. One true id in sixteen looks like that; of several, hardly all do.
 */
export function roundedIdsNote(groups: Iterable<ChatId>): string | undefined {
  const ids = [...groups].map((id) => id.replace(/@.*$/, '')).filter((id) => /^\d{16,}$/.test(id));
  if (ids.length === 0 || !ids.every((id) => id.endsWith('0') && String(Number(id)) === id)) return undefined;
  const which = ids.length === 1 ? 'the chat_id ends' : `all ${ids.length} chat_ids end`;
  return `${which} in 0, as a script leaves ids that it has read as numbers, which changes their last digits: compare ${ids.length === 1 ? 'it' : 'one'} with the chat’s info in the Periskope console`;
}
