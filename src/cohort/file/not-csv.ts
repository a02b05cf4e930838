import { unreadable } from './bytes.ts';

const SIGNATURES: readonly (readonly [bytes: string, what: string])[] = [
  ['PK\x03\x04', 'is an Excel workbook or a zip archive, not CSV: save it as “CSV UTF-8”'],
  ['\xd0\xcf\x11\xe0', 'is an old Excel workbook, not CSV: save it as “CSV UTF-8”'],
  ['%PDF', 'is a PDF, not CSV: export the table as CSV'],
  ['7z\xbc\xaf', 'is a 7z archive, not CSV: unpack it'],
  ['Rar!', 'is a RAR archive, not CSV: unpack it'],
  ['\xfd7zXZ', 'is xz, not CSV: unpack it'],
  ['\x28\xb5\x2f\xfd', 'is zstd, not CSV: unpack it'],
  ['BZh9', 'is bzip2, not CSV: unpack it'],
];

/** Other kinds of text, by their beginning: none of these begins a real header. */
const TEXTS: readonly (readonly [start: RegExp, what: string])[] = [
  [/^\{\\rtf/, 'is an RTF document, not CSV: save the table as CSV'],
  [/^BEGIN:VCARD\b/i, 'is a vCard file, not CSV: export the contacts as CSV'],
  [/^BEGIN:VCALENDAR\b/i, 'is a calendar, not CSV: give the list of people as CSV'],
  [
    /^(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:!doctype\s+html|(?:html|head|body|table|meta|script|style)[\s>])/i,
    'is an HTML page, not CSV: open it in a browser to see what it says, and export the table as CSV',
  ],
  [
    /^<(?:\?xml\b|!--|!doctype\b|!\[CDATA\[|[a-z_][\w:.-]*(?:\s[^<>]*)?>(?:\s*[\r\n]\s*)?<)/i,
    'is XML, not CSV: export the table as CSV',
  ],
  [
    /^(?:\{\s*(?:"(?:[^"\\\r\n]|\\.)*"\s*:|\})|\[\s*(?:[[{"\]]|-?\d|true\b|false\b|null\b))/,
    'is JSON, not CSV: export the table as CSV',
  ],
  [/^(?:MIME-Version:|From: <Saved by)/i, 'is a saved web page (MHTML), not CSV: export the table as CSV'],
];

/** Refuses a file with a known binary signature. Throws COHORT_UNREADABLE. */
export function refuseKnownBinary(head: Buffer, name: string): void {
  if (head.length === 0) throw unreadable(name, 'is empty: it needs a header line and a row per person');
  const start = head.subarray(0, 8).toString('latin1');
  for (const [bytes, what] of SIGNATURES) if (start.startsWith(bytes)) throw unreadable(name, what);
}

/**
 * Refuses a file with many control characters, which text does not have; NULs may pad up to a third of it. Throws
 * COHORT_UNREADABLE.
 */
export function refuseBinary(head: Buffer, name: string): void {
  let controls = 0;
  let zeros = 0;
  let length = head.length;
  // DOS ends a text with ^Z, or fills its last block with it.
  while (length > 0 && [0x1a, 0x0a, 0x0d].includes(head[length - 1] as number)) length--;
  for (const byte of head.subarray(0, length)) {
    if (byte === 0) zeros++;
    else if ((byte < 0x20 && (byte < 9 || byte > 13) && byte !== 0x1b) || byte === 0x7f) controls++;
  }
  if (controls > length * 0.02 || zeros > length / 3) {
    throw unreadable(name, 'is binary, not text: give a CSV file');
  }
}

/** Refuses text of another kind, whatever the file's name. Throws COHORT_UNREADABLE. */
export function refuseOtherText(head: string, name: string): void {
  const start = head.slice(0, 4096).trimStart();
  for (const [pattern, what] of TEXTS) if (pattern.test(start)) throw unreadable(name, what);
}
