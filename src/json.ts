/** True where two JSON values say the same, whatever the order of their members and the prototype of their objects. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const members = Object.entries(one);
  const others = new Map<string, unknown>(Object.entries(other));
  return (
    members.length === others.size &&
    members.every(([key, value]) => others.has(key) && isSameJson(value, others.get(key)))
  );
}
