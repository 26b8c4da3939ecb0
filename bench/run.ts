import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/program-files.js';
import { convergence } from './convergence.js';
import { frontDoor } from './front-door.js';
import { importing } from './import.js';
import { lateManager } from './late-manager.js';
import { poison } from './poison.js';
import { type Outcome, runBenches } from './support/command.js';
import { toMarkdown } from './support/findings.js';

/** All benches, one after another. A run in full writes what it found to `bench/results.md`; a quick or partial one does not. */
const benches = [frontDoor, convergence, lateManager, importing, poison];
const outcome = await runBenches(benches);
if (outcome?.quick === false && outcome.findings.length === benches.length)
  await writeFile(join(PACKAGE_ROOT, 'bench/results.md'), page(outcome));

function page({ machine, findings }: Outcome): string {
  const { cores, node, postgresql, temporal } = machine;
  return `# Figures

Measured with \`npm run bench\` (one part alone: \`npm run bench -- front-door\`) on a machine with ${cores} cores, which servers, database and load
share; Node ${node}, PostgreSQL ${postgresql} (durable: \`fsync\` on), Temporal ${temporal} (dev server). Every ratio is
between two things measured in alternating rounds of the same run; the bars were set before anything was built. What is
measured, and how, stands at the top of each file in this folder.

${findings.map((each) => `## ${each.bench}\n\n${toMarkdown(each.findings)}`).join('\n\n')}
`;
}
