import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Finding, toJson, toTable } from './findings.js';
import { type Machine, machineOf } from './machine.js';
import { openStage, type Stage } from './stage.js';

/** One of the benches. */
export interface Bench {
  readonly name: string;
  readonly about: string;
  /** `quick` is a short run that shows whether all works; its figures are rough. */
  measure(stage: Stage, quick: boolean): Promise<Finding[]>;
}

/** What came out of some benches, and on what machine. */
export interface Outcome {
  readonly machine: Machine;
  readonly quick: boolean;
  readonly findings: readonly { readonly bench: string; readonly findings: readonly Finding[] }[];
}

/**
 * Runs benches as the command line says (names, `--quick`, `--json FILE`, `--help`), one after another, each on servers of its
 * own, and prints a table of what was found. Undefined where only help was asked for, or it was asked to end.
 */
export async function runBenches(benches: readonly Bench[]): Promise<Outcome | undefined> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    print(
      `${benches.map(({ name, about }) => `${name}: ${about}`).join('\n')}\n\n  NAME …       only these\n  --quick      a short run, for rough figures\n  --json FILE  write what was found as JSON\n  --help       this text`,
    );
    return undefined;
  }
  const quick = values.quick === true;
  const findings: { bench: string; findings: Finding[] }[] = [];
  let machine: Machine | undefined;
  for (const bench of benches) {
    if (positionals.length > 0 && !positionals.includes(bench.name)) continue;
    const stage = await openStage(reporter(bench.name));
    const stop = stopSignal();
    try {
      const found = await Promise.race([bench.measure(stage, quick), stop.asked]);
      if (found === undefined) {
        process.exitCode = 130;
        return undefined;
      }
      findings.push({ bench: bench.name, findings: found });
      machine = await machineOf(stage);
    } finally {
      stop.forget();
      await stage.close();
    }
  }
  if (machine === undefined) throw new RangeError(`There is no bench ${positionals.join(' ')}.`);
  for (const each of findings) print(`\n${each.bench}\n${toTable(each.findings)}`);
  if (values.json !== undefined) {
    const data = findings.map((each) => ({ ...each, findings: each.findings.map(toJson) }));
    await writeFile(values.json, `${JSON.stringify({ machine, quick, benches: data }, null, 2)}\n`);
  }
  return { machine, quick, findings };
}

/** A run that is asked to end takes its servers and its data with it. */
function stopSignal(): { asked: Promise<undefined>; forget: () => void } {
  const over = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'].map((signal) => once(process, signal, { signal: over.signal }));
  // Once all is well nobody waits for it any more.
  const asked = Promise.race(signals).then(
    () => undefined,
    () => undefined,
  );
  return { asked, forget: () => over.abort() };
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Progress goes to standard error, with the seconds since the bench began. */
function reporter(name: string): (line: string) => void {
  const began = Date.now();
  return (line) => {
    process.stderr.write(`${name} ${Math.round((Date.now() - began) / 1_000)} s: ${line}\n`);
  };
}
