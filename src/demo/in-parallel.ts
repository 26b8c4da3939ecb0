/**
 * Does the work for each item, at most `limit` at once, begun in the order given. After a failure nothing more is begun.
 * @throws the first failure, when all that was begun has ended.
 */
export async function inParallel<Item>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const takeNext = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: limit }, takeNext));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}
