/** Resources are released last in, first out, from one place, whatever ends the job. */
export class Releases {
  readonly #stack: (() => unknown)[] = [];

  #longestMs: number | undefined;

  add(release: () => unknown): void {
    this.#stack.push(release);
  }

  /** From now on a release that takes longer is left to itself: the process is about to end. */
  hurry(longestMs: number): void {
    this.#longestMs = longestMs;
  }

  /** Releases everything, even when one release fails; then throws the first failure. */
  async all(): Promise<void> {
    let failed = false;
    let failure: unknown;
    for (let release = this.#stack.pop(); release; release = this.#stack.pop()) {
      try {
        await this.#inTime(release());
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
  }

  async #inTime(releasing: unknown): Promise<void> {
    if (this.#longestMs === undefined) {
      await releasing;
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#longestMs);
    });
    await Promise.race([releasing, over]).finally(() => clearTimeout(timer));
  }
}

/** Runs `use`, and then releases what it has opened, whatever ended it. */
export async function releasing<T>(use: (releases: Releases) => Promise<T>): Promise<T> {
  const releases = new Releases();
  try {
    return await use(releases);
  } finally {
    await releases.all();
  }
}
