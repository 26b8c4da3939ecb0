import { type Fault, persist, seconds } from './fault.js';
import { onLink } from './links.js';
import { kill } from './processes.js';

/** An answer of the front door that takes longer waits for something, also on a machine that starts a Temporal. */
const PROMPT_MS = 6_000;
/** So long Temporal is away, in seconds: whoever waits for it is late. */
const AWAY = [8, 12] as const;

/** F5, F7: while Temporal alone is away the front door answers as always. */
const promptly =
  (fault: Fault): Fault =>
  async (world, random) => {
    const from = performance.now();
    const isDone = await fault(world, random);
    const until = performance.now();
    const late = world.ledger.operations.filter(
      ({ kind, sentAt, endedAt = until }) => kind !== 'import row' && sentAt > from && endedAt - sentAt > PROMPT_MS,
    );
    world.seen.push(...late.map((operation) => `F7 waits for Temporal: ${JSON.stringify(operation)}`));
    return isDone;
  };

export const TEMPORAL_FAULTS: Readonly<Record<string, Fault>> = {
  'F5 Temporal killed': kill(['Temporal']),
  'F5 Temporal away for a while': promptly((world, random) =>
    world.cluster.withoutTemporal(() => seconds(...AWAY, random)),
  ),
  "F6 Temporal's store lost": (world) =>
    world.cluster.withoutTemporal(() => persist(() => world.cluster.wipeTemporal())),
  'F7 Temporal black-holed': promptly(onLink(['server 1 to Temporal', 'server 2 to Temporal'], 'blackhole', AWAY)),
};
