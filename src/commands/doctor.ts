import type { Connection } from '@temporalio/client';
import { Command } from 'commander';
import pg from 'pg';
import type { Config } from '../config.js';
import { GOOD } from '../instances/authenticate-token.js';
import { MARK_BYTES, markOf } from '../instances/token.js';
import { databaseUrl, temporalTarget, tokenSecret } from './context.js';
import { JSON_OPTION, print } from './output.js';

/** The clocks of this machine and of PostgreSQL may be so far apart before tokens and waits go wrong. */
const CLOCK_SECONDS = 5;
const OLDEST_POSTGRES = 15;

/** What a check found; `what` says what to do where it is not well. */
interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly what: string;
}

const TOKENS = `select count(*)::integer as good, count(*) filter (where substr(digest, 1, ${MARK_BYTES}) = $1)::integer as own
  from (select digest from scim_tokens where ${GOOD} union all select digest from operator_tokens where ${GOOD}) tokens`;
const NONE = { good: 0, own: 0 };

/** Says what it found, or throws an error that says what to do. */
type Check = (config: Config) => Promise<string>;

const checks: Readonly<Record<string, Check>> = {
  database: async (config) => {
    const { version } = await ask<{ version: string }>(config, "select current_setting('server_version') as version");
    if (Number.parseInt(version, 10) < OLDEST_POSTGRES) {
      throw new Error(`PostgreSQL ${version} is too old; use ${OLDEST_POSTGRES} or newer.`);
    }
    return `PostgreSQL ${version}`;
  },
  schema: async (config) => {
    const { schemaState } = await import('../database/migrate.js');
    const { missing, unknown } = await schemaState(await databaseUrl(config));
    if (missing.length > 0) throw new Error(`${missing.length} migrations are missing. Run "roster migrate".`);
    if (unknown.length > 0) throw new Error('The schema is newer than this program. Run a newer Roster.');
    return 'up to date';
  },
  clock: async (config) => {
    const { now } = await ask<{ now: Date }>(config, 'select now()');
    const apart = Math.abs(Date.now() - now.getTime()) / 1_000;
    if (apart > CLOCK_SECONDS) {
      throw new Error(`This machine and PostgreSQL are ${apart.toFixed(0)} s apart. Synchronise their clocks (NTP).`);
    }
    return `${apart.toFixed(1)} s from PostgreSQL's`;
  },
  secret: async (config) => {
    const secret = await tokenSecret(config);
    // Where they can't be counted, another check says why.
    const { good, own } = await ask<{ good: number; own: number }>(config, TOKENS, [markOf(secret)]).catch(() => NONE);
    const others = good - own;
    if (others > 0 && own === 0) {
      throw new Error(
        `ROSTER_SECRET is not the one under which the ${others} tokens here were issued: each is refused. Set that one, or issue new tokens.`,
      );
    }
    return others === 0
      ? 'ROSTER_SECRET is there'
      : `ROSTER_SECRET is there; ${others} of ${good} tokens are of another`;
  },
  temporal: (config) =>
    withTemporal(config, async (connection, namespace) => {
      await connection.workflowService.describeNamespace({ namespace });
      const { serverVersion } = await connection.workflowService.getSystemInfo({});
      return `${serverVersion ?? 'a server'}, namespace ${namespace}`;
    }),
  'search attributes': (config) =>
    withTemporal(config, async (connection, namespace) => {
      const { missingSearchAttributes } = await import('../dispatch/register-search-attributes.js');
      const missing = await missingSearchAttributes(connection, namespace);
      if (missing.length > 0) throw new Error(`${missing.join(', ')} are not registered. Run "roster migrate".`);
      return 'all registered';
    }),
  workers: (config) =>
    withTemporal(config, async (connection, namespace) => {
      const { pollers } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: config.temporal.taskQueue },
      });
      const count = pollers?.length ?? 0;
      if (count === 0)
        throw new Error(`Nobody works on the task queue ${config.temporal.taskQueue}. Run "roster worker".`);
      return `${count} on the task queue ${config.temporal.taskQueue}`;
    }),
};

/** `roster doctor`: looks whether everything that Roster needs is there. Exit code 1 where something is not. */
export const doctorCommand = (config: Config): Command =>
  new Command('doctor')
    .description('check database, schema, clock, secret, Temporal, search attributes and workers')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster doctor')
    .action(async ({ json }: { json?: boolean }) => {
      const findings = await Promise.all(
        Object.entries(checks).map(([check, examine]) =>
          examine(config).then(
            (what): Finding => ({ check, ok: true, what }),
            (error: unknown): Finding => ({ check, ok: false, what: message(error) }),
          ),
        ),
      );
      if (json === true) print(JSON.stringify(findings, null, 2));
      else for (const { check, ok, what } of findings) print(`${ok ? 'ok  ' : 'FAIL'}  ${check.padEnd(18)}${what}`);
      if (findings.some(({ ok }) => !ok)) process.exitCode = 1;
    });

const message = (error: unknown): string => {
  if (error instanceof AggregateError) return message(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
};

async function ask<Row extends pg.QueryResultRow>(
  config: Config,
  statement: string,
  values: readonly Buffer[] = [],
): Promise<Row> {
  const client = new pg.Client({
    connectionString: await databaseUrl(config),
    connectionTimeoutMillis: 3_000,
    application_name: 'roster doctor',
  });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(statement, [...values]);
    if (rows[0] === undefined) throw new Error('PostgreSQL gave no answer.');
    return rows[0];
  } finally {
    await client.end();
  }
}

async function withTemporal<Result>(
  config: Config,
  work: (connection: Connection, namespace: string) => Promise<Result>,
): Promise<Result> {
  const { address, namespace } = await temporalTarget(config);
  const { Connection: Temporal } = await import('@temporalio/client');
  const connection = await Temporal.connect({ address, connectTimeout: '3s' }).catch((error: unknown) => {
    throw new Error(`Temporal does not answer at ${address}. Start it, or correct TEMPORAL_ADDRESS.`, { cause: error });
  });
  try {
    return await connection.withDeadline(Date.now() + 5_000, () => work(connection, namespace));
  } finally {
    await connection.close();
  }
}
