/** Where a row stands, as the person with the spreadsheet finds it. */
export interface Place {
  /** The line of the file on which it starts (1-based). */
  readonly line: number;
  /** Row number in a spreadsheet, where it is not the line: a cell of several lines is in one row. */
  readonly number?: number | undefined;
}

/** The number that a spreadsheet shows for the row. */
export function rowNumber({ line, number }: Place): number {
  return number ?? line;
}

/** `row 24`, or `row 21 (line 24)` where the two differ. */
export function rowText(place: Place): string {
  return `row ${numberText(place)}`;
}

/** The same without the word: `24`, or `21 (line 24)`. */
export function numberText({ line, number }: Place): string {
  return number === undefined ? `${line}` : `${number} (line ${line})`;
}
