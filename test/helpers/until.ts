// Waiting without sleeping for a guessed time: asks again and again until there is an answer, or the deadline fails.

export interface UntilOptions {
  timeout_ms?: number;
  /** If not given: soon at first, and then less and less often, because who asks takes time from whom it waits for. */
  every_ms?: number;
  /** What is waited for, for the error. */
  what?: string;
}

/** @returns the first answer that is neither undefined nor false. @throws Error when the deadline passes without one */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: UntilOptions = {},
): Promise<T> {
  const { timeout_ms = 30_000, every_ms, what = 'the condition' } = options;
  const deadline = Date.now() + timeout_ms;
  let pause_ms = every_ms ?? 10;
  for (;;) {
    const answer = await check();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${timeout_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    if (every_ms === undefined) pause_ms = Math.min(pause_ms * 1.5, 150);
  }
}
