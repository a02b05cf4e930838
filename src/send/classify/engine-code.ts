import { jsonOf } from '../api/body.ts';

/** The `code` of the API's word on one participant. */
export interface EngineCode {
  /** WhatsApp's number; undefined where the code tells none. */
  readonly number: number | undefined;
  /** The code as it came, where it is more than a number; or ''. */
  readonly text: string;
}

/** Names that the engines give to numbers, where the name says less than the number. */
const NUMBERS: Readonly<Record<string, number>> = {
  'bad-request': 400,
  conflict: 409,
  'connection-replaced': 440,
  'internal-server-error': 500,
  'bad-session': 500,
  'unavailable-service': 503,
};
const NAMED = new RegExp(`(?<![a-z-])(?:${Object.keys(NUMBERS).join('|')})(?![a-z-])`);

const NUMBER = /^(\d{1,9})(?:\.0+)?$/;
/** `HTTP 403`, `ERR_403`, `403 Forbidden`. */
const LABELLED = /^(?:(?:https?|code|status|error|err|e)[-_:\s]*)*(\d{3})(?![\d.])/i;

/** A number, or text, or whatever else comes: the engines' names go through as they are. Pure; never throws. */
export function readCode(value: unknown): EngineCode {
  if (Number.isSafeInteger(value)) return { number: value as number, text: '' };
  if (value === undefined || value === null) return { number: undefined, text: '' };
  const text = (typeof value === 'string' ? value : (jsonOf(value) ?? '')).trim();
  const [, digits] = NUMBER.exec(text) ?? [];
  if (digits !== undefined) return { number: Number(digits), text: '' };
  const [, labelled] = LABELLED.exec(text) ?? [];
  const [name = ''] = NAMED.exec(hyphenated(text)) ?? [];
  return { number: labelled === undefined ? NUMBERS[name] : Number(labelled), text };
}

/** The words of a code in both of their writings, `not-authorized` and `not authorized`, as the table knows either. */
export function wordsOfCode(text: string): string {
  const name = hyphenated(text);
  return name === '' ? '' : `${name}. ${name.replaceAll('-', ' ')}`;
}

/** `NotAuthorized`, `NOT_AUTHORIZED`, `not authorized`: not-authorized. */
function hyphenated(text: string): string {
  return text
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replace(/[-_\s]+/g, '-')
    .toLowerCase();
}
