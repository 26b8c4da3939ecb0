/** True where two JSON values say the same, whatever the order of their members and the prototype of their objects. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSameJson(member(one, key), member(other, key)))
  );
}

const member = (of: object, key: string): unknown => (of as Record<string, unknown>)[key];
