const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$/i;

/**
 * Reads an xsd:dateTime (RFC 7643 section 2.3.5) as an instant in UTC with milliseconds, which is how times are shown;
 * such texts sort as their instants do. Without an offset it is UTC.
 * @returns null for what is no time, or lies outside the years 0001 to 9999
 */
export function parseInstant(text: string): string | null {
  if (!DATE_TIME.test(text)) return null;
  const upper = text.toUpperCase();
  const time = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(upper) ? upper : `${upper}Z`);
  if (Number.isNaN(time)) return null;
  const instant = new Date(time).toISOString();
  return /^\d{4}-/.test(instant) && !instant.startsWith('0000') ? instant : null;
}
