/** Releases resources last in, first out, in one place, however the job ends. */
export class Releases {
  readonly #stack: (() => unknown)[] = [];

  #longestMs: number | undefined;

  add(release: () => unknown): void {
    this.#stack.push(release);
  }

  /** Abandons every later release that takes longer than this, because the process is about to end. */
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

/** Runs `use`, then releases the resources that it opened, however it ended. */
export async function releasing<T>(use: (releases: Releases) => Promise<T>): Promise<T> {
  const releases = new Releases();
  try {
    return await use(releases);
  } finally {
    await releases.all();
  }
}
