import type { Operation, Registers } from './ledger.js';

/** A request is over on the server before this, answered or not, so that it can't take effect later. */
const OVER_MS = 20_000;

/** When an operation can take effect no more. */
const overAt = ({ outcome, sentAt, endedAt }: Operation): number =>
  outcome === 'ok' ? (endedAt ?? Number.POSITIVE_INFINITY) : sentAt + OVER_MS;

/**
 * What a register may be, given what was asked of its subject and what was answered: what some operation asserts that was not surely
 * refused, unless another that was acknowledged began after it was over. `undefined` among them means that nothing need be there.
 */
export function mayBe(operations: readonly Operation[], register: string): (string | boolean | undefined)[] {
  const possible = operations.filter(({ asserted, outcome }) => asserted[register] !== undefined && outcome !== 'fail');
  const lastBegun = Math.max(
    Number.NEGATIVE_INFINITY,
    ...possible.filter(({ outcome }) => outcome === 'ok').map(({ sentAt }) => sentAt),
  );
  const values = possible
    .filter((operation) => overAt(operation) >= lastBegun)
    .map(({ asserted }) => asserted[register]);
  return lastBegun === Number.NEGATIVE_INFINITY ? [undefined, ...values] : values;
}

/**
 * What is wrong with a subject as it is, a line each; `found` is undefined where there is none.
 * @param registers the names of those that are to be looked at.
 */
export function unlike(
  who: string,
  operations: readonly Operation[],
  found: Registers | undefined,
  registers: readonly string[],
): string[] {
  const exists = mayBe(operations, 'exists');
  if (found === undefined)
    return exists.includes(false) || exists.includes(undefined) ? [] : [`${who} was created and is not there`];
  if (exists.length > 0 && exists.every((value) => value === false)) return [`${who} was deleted and is there`];
  return registers.flatMap((name) => {
    const values = mayBe(operations, name);
    return values.includes(found[name]) ? [] : [`${who}: ${name} is ${found[name]}, not ${values.join(' or ')}`];
  });
}
