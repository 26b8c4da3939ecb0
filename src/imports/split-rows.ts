/** A row as it stands in a text, without the line break that ends it. */
export interface RawRow {
  /** The physical line where it begins, the first being 1. */
  readonly line: number;
  readonly text: string;
  /** What is wrong with it as a row. */
  readonly fault?: string;
}

/** More than any row of people needs. */
const MAX_ROW_CHARACTERS = 64 * 1024;

const TOO_LONG = `is longer than ${MAX_ROW_CHARACTERS} characters`;
const UNCLOSED = 'a quote is opened and never closed';
const [QUOTE, LF, CR] = ['"', '\n', '\r'].map((character) => character.charCodeAt(0));
const BREAK = /\r\n|\n|\r/g;

type State = 'cell begins' | 'in a cell' | 'in quotes' | 'skipping';

/**
 * Cuts a text that comes in pieces into rows, at LF, CRLF or CR; no more than one is held in memory. With a delimiter it is CSV as
 * spreadsheets write it: a quote at the beginning of a cell quotes line breaks until it is closed, any other is text. Where one is never
 * closed, or only by one in a later line that ends no cell, each line of its row down to the one where it is opened is a row at fault; the
 * lines after it are rows again, so that nothing is swallowed.
 */
export async function* splitRows(pieces: AsyncIterable<string>, delimiter?: string): AsyncGenerator<RawRow> {
  const splitter = new RowSplitter(delimiter);
  for await (const piece of pieces) yield* splitter.rows(piece, false);
  yield* splitter.rows('', true);
}

class RowSplitter {
  private readonly delimiter: number | undefined;
  private text = '';
  /** Where the row begins, and how far it has been looked at. */
  private begin = 0;
  private at = 0;
  private line = 1;
  private state: State = 'cell begins';
  /** Where the quote stands that is open. */
  private opened = 0;

  constructor(delimiter: string | undefined) {
    this.delimiter = delimiter?.charCodeAt(0);
  }

  *rows(piece: string, isLast: boolean): Generator<RawRow> {
    this.text = this.text.slice(this.begin) + piece;
    this.at -= this.begin;
    this.opened -= this.begin;
    this.begin = 0;
    do {
      while (this.at < this.text.length) {
        const character = this.text.charCodeAt(this.at);
        const next = this.text.charCodeAt(this.at + 1);
        // Whether it is the first of a pair the next piece says.
        if (Number.isNaN(next) && !isLast && (character === CR || character === QUOTE)) break;
        if (this.state !== 'in quotes' && (character === LF || character === CR)) {
          yield* this.endRow(character === CR && next === LF ? 2 : 1);
        } else if (this.isStray(character, next)) yield* this.giveUp(this.opened, UNCLOSED);
        else this.step(character, next);
      }
    } while (yield* this.recovered(isLast));
  }

  private step(character: number, next: number): void {
    this.at += 1;
    if (this.state === 'skipping') return;
    if (this.state === 'in quotes') {
      if (character !== QUOTE) return;
      if (next === QUOTE) this.at += 1;
      else this.state = 'in a cell';
    } else if (character === this.delimiter) this.state = 'cell begins';
    else if (this.state === 'cell begins' && character === QUOTE && this.delimiter !== undefined) {
      this.state = 'in quotes';
      this.opened = this.at - 1;
    } else this.state = 'in a cell';
  }

  /** True for a quote that would close one of a line before, and ends no cell: it opens one, and that of before was never closed. */
  private isStray(character: number, next: number): boolean {
    if (this.state !== 'in quotes' || character !== QUOTE || Number.isNaN(next)) return false;
    if ([QUOTE, LF, CR, this.delimiter].includes(next)) return false;
    return /[\r\n]/.test(this.text.slice(this.opened, this.at));
  }

  private *endRow(breakLength: number): Generator<RawRow> {
    const text = this.text.slice(this.begin, this.at);
    if (this.state !== 'skipping') {
      const isLong = text.length > MAX_ROW_CHARACTERS;
      yield isLong
        ? { line: this.line, text: text.slice(0, MAX_ROW_CHARACTERS), fault: TOO_LONG }
        : { line: this.line, text };
    }
    this.begin = this.at + breakLength;
    this.at = this.begin;
    this.line += (text.match(BREAK)?.length ?? 0) + 1;
    this.state = 'cell begins';
  }

  /** Gives the row that is not over as one at fault where it is too long, or its quote open at the end. @returns whether to go on after it */
  private *recovered(isLast: boolean): Generator<RawRow, boolean> {
    const isUnclosed = this.state === 'in quotes';
    const length = this.text.length - this.begin;
    if (this.state === 'skipping') {
      this.begin = this.at;
      return false;
    }
    if (length <= MAX_ROW_CHARACTERS && !(isLast && isUnclosed)) {
      if (isLast && length > 0) yield { line: this.line, text: this.text.slice(this.begin) };
      return false;
    }
    return yield* this.giveUp(isUnclosed ? this.opened : this.at, isUnclosed ? UNCLOSED : TOO_LONG);
  }

  /**
   * Gives each line of the row down to the one of `place` as a row at fault. What was looked at is not looked at again but from there on,
   * or a file could make work without end. @returns whether to go on after it: false where that line is not over
   */
  private *giveUp(place: number, fault: string): Generator<RawRow, boolean> {
    for (;;) {
      BREAK.lastIndex = this.begin;
      const end = BREAK.exec(this.text);
      const text = this.text.slice(this.begin, end?.index).slice(0, MAX_ROW_CHARACTERS);
      yield { line: this.line, text, fault };
      // Whether a break at the very end is the first half of one the next piece says.
      if (end === null || end.index + end[0].length === this.text.length) {
        this.begin = this.at = end?.index ?? this.text.length;
        this.state = 'skipping';
        return false;
      }
      this.begin = this.at = end.index + end[0].length;
      this.line += 1;
      this.state = 'cell begins';
      if (end.index >= place) return true;
    }
  }
}
