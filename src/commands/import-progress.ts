import type { WriteStream } from 'node:tty';
import type { Import } from '../directory/imports.js';

const WIDTH = 30;
/** How often a line is written where there is no terminal to write over. */
const LINE_MS = 5_000;

/** A bar that shows how far an import is: written over on a terminal, a line now and then elsewhere. */
export function progressBar(stream: WriteStream): { show(now: Import): void; end(last: Import): void } {
  const isTerminal = stream.isTTY;
  let last = 0;
  return {
    show: (now) => {
      if (isTerminal) stream.write(`\r\u001b[K${barOf(now)}`);
      else if (Date.now() - last >= LINE_MS) {
        stream.write(`${barOf(now)}\n`);
        last = Date.now();
      }
    },
    end: (now) => stream.write(isTerminal ? '\n' : `${barOf(now)}\n`),
  };
}

function barOf({ state, rows, rowsPerSecond }: Import): string {
  const decided = rows.total - rows.pending;
  const part = rows.total === 0 ? 1 : decided / rows.total;
  const bar = '█'.repeat(Math.round(part * WIDTH)).padEnd(WIDTH, '░');
  const left = rows.pending === 0 ? 'giving managers and teams' : remaining(rows.pending, rowsPerSecond);
  return `${bar} ${decided} of ${rows.total} · ${Math.round(rowsPerSecond)} rows/s · ${state === 'running' ? left : state}`;
}

/** How long it will take yet. */
function remaining(pending: number, rowsPerSecond: number): string {
  if (rowsPerSecond <= 0) return 'just begun';
  const seconds = Math.ceil(pending / rowsPerSecond);
  return seconds < 90 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}
