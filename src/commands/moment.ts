import { InvalidArgumentError } from 'commander';

/** ISO 8601: a date, or one with a time, which may have an offset. */
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** Reads a moment, in UTC unless an offset says otherwise. @throws InvalidArgumentError */
export function moment(text: string): Date {
  const [, day = '', time = '00:00', offset = 'Z'] = MOMENT.exec(text) ?? [];
  const date = new Date(`${day}T${time}${offset}`);
  if (Number.isNaN(date.getTime()) || !isDay(day)) {
    throw new InvalidArgumentError('A date as 2026-01-31, or with a time as 2026-01-31T08:00Z.');
  }
  return date;
}

/** False for a day that its month does not have, which JavaScript takes for one of the next. */
const isDay = (day: string): boolean => new Date(`${day}T00:00Z`).toISOString().startsWith(day);
