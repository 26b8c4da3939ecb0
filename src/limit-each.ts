/** Runs work of a key when it is its turn. */
export type Limited<Key> = <Result>(key: Key, work: () => Promise<Result>) => Promise<Result>;

/**
 * Lets so much work of each key run at once; what comes besides waits in memory, in its order, and holds nothing else
 * meanwhile: one instance's slow requests take no connection from another's.
 */
export function limitEach<Key>(atOnce: number): Limited<Key> {
  const lanes = new Map<Key, { running: number; readonly waiting: (() => void)[] }>();
  return async (key, work) => {
    const lane = lanes.get(key) ?? { running: 0, waiting: [] };
    lanes.set(key, lane);
    // Who ends hands its place to the next: `running` stays as it is.
    if (lane.running >= atOnce) await new Promise<void>((resolve) => lane.waiting.push(resolve));
    else lane.running++;
    try {
      return await work();
    } finally {
      const next = lane.waiting.shift();
      if (next !== undefined) next();
      else if (--lane.running === 0) lanes.delete(key);
    }
  };
}
