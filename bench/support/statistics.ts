/** The value below which a share of the values lies: 0.5 is the median. @throws RangeError where there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('There are no values.');
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Each value of one list by the value of the other that was measured beside it. */
export const ratios = (these: readonly number[], those: readonly number[]): number[] =>
  these.flatMap((value, index) => {
    const other = those[index];
    return other === undefined ? [] : [value / other];
  });
