/** A source of repeatable randomness: the same seed gives the same run, so a failed session can be played again. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** True in about this share of the calls. */
  chance(share: number): boolean;
  /** One of the items. @throws RangeError where there is none. */
  pick<T>(items: readonly T[]): T;
  /** The items in another order; the argument stays as it is. */
  shuffled<T>(items: readonly T[]): T[];
  /** An independent source, fixed by the seed and the label alone: concurrent tasks draw from one each, in any order. */
  fork(label: string): Random;
}

/** A repeatable source for this seed (mulberry32, seeded by FNV-1a). Not for secrets. */
export function seededRandom(seed: string | number): Random {
  let state = hash(String(seed));
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (items) => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    shuffled: (items) =>
      items
        .map((item) => ({ item, place: next() }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ item }) => item),
    fork: (label) => seededRandom(`${seed}/${label}`),
  };
}

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value;
}
