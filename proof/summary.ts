import { FAULTS } from './faults/faults.js';
import type { Proof } from './prove.js';

/** What came of all the seeds of a file of results, as Markdown. @param results lines of JSON */
export function summaryOf(results: string): string {
  const proofs = results
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Proof);
  const sum = (of: (proof: Proof) => number): string =>
    proofs.reduce((all, proof) => all + of(proof), 0).toLocaleString('en');
  const lost = proofs.flatMap(({ wrong }) => wrong);
  const numberOf = (name: string): number => Number(/\d+/.exec(name)?.[0]);
  const names = Object.keys(FAULTS).toSorted((one, other) => numberOf(one) - numberOf(other));
  const rows = names.map((name) => {
    const came = proofs.filter(({ faults }) => faults.includes(name));
    const times = came.reduce((all, { faults }) => all + faults.filter((fault) => fault === name).length, 0);
    return `| ${name} | ${times} | ${came.length} | ${came.filter(({ wrong }) => wrong.length > 0).length} |`;
  });
  const failed = proofs.filter(({ wrong }) => wrong.length > 0).map(({ seed }) => seed);
  return [
    `${proofs.length} seeds, ${failed.length} not as it must be${failed.length === 0 ? '' : ` (${failed.join(', ')})`}; ${lost.length} lines of what is wrong`,
    `${sum(({ acknowledged }) => acknowledged)} writes acknowledged, ${sum(({ refused }) => refused)} refused, ${sum(({ unknown }) => unknown)} unknown`,
    `${sum(({ faults }) => faults.length)} faults; at rest after ${Math.max(0, ...proofs.map(({ restMs }) => Math.round(restMs / 1_000)))} s at the most`,
    '',
    '| fault | times | seeds | of these not as it must be |',
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
