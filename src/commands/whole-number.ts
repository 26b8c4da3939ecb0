import { InvalidArgumentError } from 'commander';

/** Reads an option that is a whole number of something between two, both included. @returns a function that throws InvalidArgumentError */
export const wholeNumber =
  (least: number, most: number, what: string) =>
  (text: string): number => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new InvalidArgumentError(`A whole number of ${what} from ${least} to ${most}.`);
    return number;
  };
