import { UnavailableError } from './errors.js';

/** Work on a set; an outcome for each item, in the items' order. */
export type SetWork<Item, Outcome> = (items: readonly Item[]) => Promise<readonly Outcome[]>;

/** How callers are put together. */
export interface TogetherOptions {
  /** So many sets are under way at once. */
  readonly atOnce: number;
  /** Beside another, a set begins only once so many wait: few sets of many cost less than many of few. */
  readonly enough: number;
  /** So many callers go together at most. */
  readonly most: number;
}

interface Call<Item, Outcome> {
  readonly item: Item;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Lets callers who come at the same time share a round trip: whoever comes while another set is under way waits for its
 * end, or for enough others, and then goes together with all who wait. Alone, a caller waits for nobody. A set that is refused is tried again
 * one by one, so that one bad item fails alone; where PostgreSQL is away whoever waits is told so at once.
 */
export function together<Item, Outcome>(
  work: SetWork<Item, Outcome>,
  { atOnce, enough, most }: TogetherOptions,
): (item: Item) => Promise<Outcome> {
  const waiting: Call<Item, Outcome>[] = [];
  let underWay = 0;
  let scheduled = false;

  const serve = async (calls: readonly Call<Item, Outcome>[]): Promise<void> => {
    try {
      const outcomes = await work(calls.map(({ item }) => item));
      for (const [at, outcome] of outcomes.entries()) calls[at]?.resolve(outcome);
    } catch (error) {
      if (error instanceof UnavailableError) {
        for (const { reject } of calls) reject(error);
        for (const { reject } of waiting.splice(0)) reject(new UnavailableError('none', error));
      } else if (calls.length === 1) calls[0]?.reject(error);
      else await Promise.all(calls.map((call) => serve([call])));
    }
  };

  const begin = (): void => {
    scheduled = false;
    while (underWay < atOnce && waiting.length >= (underWay === 0 ? 1 : enough)) {
      underWay++;
      void serve(waiting.splice(0, most)).finally(() => {
        underWay--;
        begin();
      });
    }
  };

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (scheduled || waiting.length < (underWay === 0 ? 1 : enough)) return;
      // After what else has come in by now was read: requests that come together go together.
      scheduled = true;
      setImmediate(begin);
    });
}
