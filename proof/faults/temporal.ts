import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, persist, seconds } from './fault.js';
import { onLink } from './links.js';
import { kill } from './processes.js';

/** An answer of the front door that takes longer waits for something. */
const PROMPT_MS = 4_000;

/** F5, F7: while Temporal alone is away, and until it is well again, the front door answers as always. */
const promptly =
  (fault: Fault): Fault =>
  async (world, random) => {
    const from = performance.now();
    const isDone = await fault(world, random);
    // Whoever was asked at the end has answered by now, or is late; and a Temporal that was killed is up again.
    await delay(PROMPT_MS);
    const until = performance.now();
    const late = world.ledger.operations.filter(
      ({ kind, sentAt, endedAt = until }) => kind !== 'import row' && sentAt > from && endedAt - sentAt > PROMPT_MS,
    );
    world.seen.push(...late.map((operation) => `F7 waits for Temporal: ${JSON.stringify(operation)}`));
    return isDone;
  };

export const TEMPORAL_FAULTS: Readonly<Record<string, Fault>> = {
  'F5 Temporal killed': promptly(kill(['Temporal'])),
  'F5 Temporal away for a while': promptly((world, random) =>
    world.cluster.withoutTemporal(() => seconds(3, 10, random)),
  ),
  "F6 Temporal's store lost": (world) =>
    world.cluster.withoutTemporal(() => persist(() => world.cluster.wipeTemporal())),
  'F7 Temporal black-holed': promptly(onLink(['server 1 to Temporal', 'server 2 to Temporal'], 'blackhole')),
};
