// Keeps a log readable, and cheap, under load: so many lines a second, and on the next one how many were left out.

/**
 * @param now milliseconds, of a clock that never goes back
 * @returns asks for one line: how many were left out since the last one, or undefined for one to leave out
 */
export function createSampler(
  per_second: number,
  now: () => number = () => performance.now(),
): () => number | undefined {
  let began = Number.NEGATIVE_INFINITY;
  let taken = 0;
  let left_out = 0;
  return () => {
    const at = now();
    if (at - began >= 1_000) {
      began = at;
      taken = 0;
    }
    if (taken >= per_second) {
      left_out += 1;
      return undefined;
    }
    taken += 1;
    const before = left_out;
    left_out = 0;
    return before;
  };
}
