/** The kinds of names by which a column is known. */
export interface Names {
  /** The API's own word: it wins over every other name. */
  readonly exact: readonly string[];
  /** Names that say it. Two of them are two candidates. */
  readonly strong: readonly string[];
  /** Names that also mean other things: taken only when nothing better is there. */
  readonly weak: readonly string[];
  /** Words that say it inside a longer header, such as a form's question: the last resort. */
  readonly inside: RegExp;
  /** Words in a longer header that say that it is not this column. */
  readonly never: RegExp;
}
