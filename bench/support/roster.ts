import type { Program } from './programs.js';
import type { Stage } from './stage.js';
import { SECRET } from './stage.js';

/** A Roster with everything running: server and worker as processes of their own. */
export interface RunningRoster {
  readonly origin: string;
  readonly server: Program;
  readonly worker: Program;
}

/** Starts Roster's server and worker on a database and on the stage's Temporal. */
export async function startRoster(stage: Stage, databaseUrl: string, taskQueue: string): Promise<RunningRoster> {
  const { address, namespace } = await stage.temporal();
  const settings = {
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '10',
    PORT: '0',
    ROSTER_SECRET: SECRET,
    ROSTER_RATE_LIMIT: 'off',
    ROSTER_PRIVATE_APPLICATIONS: 'on',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    TEMPORAL_TASK_QUEUE: taskQueue,
  };
  const [server, worker] = await Promise.all([
    stage.program('src/server', settings),
    stage.program('src/worker', settings),
  ]);
  return { origin: `http://127.0.0.1:${server.port}`, server, worker };
}
