import { availableParallelism } from 'node:os';
import { Connection } from '@temporalio/client';
import pg from 'pg';
import type { Stage } from './stage.js';

/** What the figures were measured on, in general terms. */
export interface Machine {
  readonly cores: number;
  readonly node: string;
  readonly postgresql: string;
  /** Undefined where no bench needed one. */
  readonly temporal?: string;
}

/** The machine and the versions of a stage's servers. */
export async function machineOf(stage: Stage): Promise<Machine> {
  const client = new pg.Client({ connectionString: stage.postgresUrl });
  await client.connect();
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version') as version`);
  await client.end();
  const temporal = await temporalVersion(stage);
  return {
    cores: availableParallelism(),
    node: process.version,
    postgresql: rows[0]?.version ?? 'unknown',
    ...(temporal === undefined ? {} : { temporal }),
  };
}

async function temporalVersion(stage: Stage): Promise<string | undefined> {
  const connection = await Connection.connect({ address: (await stage.temporal()).address });
  try {
    return (await connection.workflowService.getSystemInfo({})).serverVersion;
  } finally {
    await connection.close();
  }
}
