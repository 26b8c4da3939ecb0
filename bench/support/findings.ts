import Table from 'cli-table3';
import { median } from './statistics.js';

/** What was found out about one piece of work. */
export interface Finding {
  readonly work: string;
  /** What it is held against; undefined for a figure that only stands beside the others. */
  readonly bar?: { readonly atLeast: number } | { readonly atMost: number };
  readonly unit: 'ratio' | 'ms' | 's';
  /** One a round; empty where it could not be measured, and `beside` says why. */
  readonly values: readonly number[];
  /** The figures behind a ratio. */
  readonly beside?: string;
}

const HEAD = ['work', 'bar', 'measured: median (min–max)', 'met?', 'beside'];

const isMet = ({ bar, values }: Finding): boolean | undefined => {
  if (bar === undefined || values.length === 0) return undefined;
  return 'atLeast' in bar ? median(values) >= bar.atLeast : median(values) <= bar.atMost;
};

/** Findings as a table for people at a terminal. */
export function toTable(findings: readonly Finding[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  for (const finding of findings) table.push(cells(finding));
  return table.toString();
}

/** The same as Markdown. */
export const toMarkdown = (findings: readonly Finding[]): string =>
  [HEAD, HEAD.map(() => '---'), ...findings.map(cells)].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** The same as data. */
export const toJson = (finding: Finding) => ({
  ...finding,
  median: finding.values.length === 0 ? null : median(finding.values),
  met: isMet(finding) ?? null,
});

function cells(finding: Finding): string[] {
  const { work, bar, unit, values, beside = '' } = finding;
  const asked = bar === undefined ? '–' : 'atLeast' in bar ? `≥ ${bar.atLeast}` : `≤ ${bar.atMost}`;
  const suffix = unit === 'ratio' ? '' : ` ${unit}`;
  const shown = (value: number): string => value.toFixed(unit === 'ms' ? 0 : 2);
  const figure =
    values.length === 0
      ? '–'
      : `${shown(median(values))}${suffix} (${shown(Math.min(...values))}–${shown(Math.max(...values))})`;
  const met = isMet(finding);
  return [
    work,
    bar === undefined ? asked : asked + suffix,
    figure,
    met === undefined ? '' : met ? 'yes' : 'NO',
    beside,
  ];
}
