/** Resources are released last in, first out, from one place, whatever ends the job. */
export class Releases {
  readonly #stack: (() => unknown)[] = [];

  add(release: () => unknown): void {
    this.#stack.push(release);
  }

  /** Releases everything, even when one release fails; then throws the first failure. */
  async all(): Promise<void> {
    let failed = false;
    let failure: unknown;
    for (let release = this.#stack.pop(); release; release = this.#stack.pop()) {
      try {
        await release();
      } catch (error) {
        if (!failed) failure = error;
        failed = true;
      }
    }
    if (failed) throw failure;
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
