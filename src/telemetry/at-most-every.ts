/**
 * Makes of a question one that is asked at most once in so many milliseconds, and once at a time: whoever asks more often
 * gets the latest answer, a failure too. `now` is a clock in milliseconds.
 */
export function atMostEvery<Answer>(
  ms: number,
  ask: () => Promise<Answer>,
  now = (): number => performance.now(),
): () => Promise<Answer> {
  let latest: Promise<Answer> | undefined;
  let isUnderWay = false;
  let askedAt = 0;
  return () => {
    if (latest !== undefined && (isUnderWay || now() - askedAt < ms)) return latest;
    isUnderWay = true;
    askedAt = now();
    latest = ask().finally(() => {
      isUnderWay = false;
    });
    return latest;
  };
}
