// Waiting without sleeping for a guessed time: asks again and again until there is an answer, or the deadline fails.

export interface UntilOptions {
  timeout_ms?: number;
  every_ms?: number;
  /** What is waited for, for the error. */
  what?: string;
}

/** @returns the first answer that is neither undefined nor false. @throws Error when the deadline passes without one */
export async function until<T>(
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: UntilOptions = {},
): Promise<T> {
  const { timeout_ms = 30_000, every_ms = 20, what = 'the condition' } = options;
  const deadline = Date.now() + timeout_ms;
  for (;;) {
    const answer = await check();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${timeout_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, every_ms));
  }
}
