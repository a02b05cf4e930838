/** Line numbers as they come, in ascending order: the first few, and how many there are. */
export class Lines {
  #count = 0;
  readonly #first: number[] = [];

  add(line: number): void {
    if (line === this.#first.at(-1)) return;
    this.#count++;
    if (this.#first.length < 3) this.#first.push(line);
  }

  get count(): number {
    return this.#count;
  }

  get first(): number | undefined {
    return this.#first[0];
  }

  /** `line 3`, `lines 3 and 9`, `lines 3, 9, 12 and 5 more`. */
  toString(): string {
    const shown = this.#first.map(String);
    const more = this.#count - shown.length;
    const last = more > 0 ? `${more} more` : (shown.pop() ?? '');
    return shown.length === 0 ? `line ${last}` : `lines ${shown.join(', ')} and ${last}`;
  }
}
