import { resolve } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const count = z.coerce.number().int().min(1);

/** Every setting by its name in the environment; the test of `.env.example` reads it too. */
export const settingsSchema = z.object({
  DATABASE_URL: z
    .url({ protocol: /^postgres(?:ql)?$/, error: 'is no URL like postgresql://roster:password@127.0.0.1:5432/roster' })
    .optional(),
  DATABASE_POOL_SIZE: count.default(10),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('roster'),
  TEMPORAL_UI_URL: z.url().default('http://127.0.0.1:8233'),
  TEMPORAL_CLI: z.string().min(1).optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(8080),
  PUBLIC_URL: z.url().optional(),
  ROSTER_HOME: z.string().min(1).default('.roster'),
  ROSTER_SECRET: z.string().min(32, 'needs at least 32 characters').optional(),
  ROSTER_RATE_LIMIT: z.enum(['on', 'off']).default('on'),
  ROSTER_PRIVATE_APPLICATIONS: z.enum(['on', 'off']).default('off'),
  ROSTER_PATIENCE_SECONDS: count.default(60),
  ROSTER_SHUTDOWN_SECONDS: count.default(25),
  ROSTER_WORKFLOW_BUNDLE: z.string().min(1).optional(),
  ROSTER_WORKER_METRICS: z
    .string()
    .regex(/^(?:\d+(?:\.\d+){3}|\[[\da-f:]+\]):\d+$/i, 'is an IP address and a port, like 127.0.0.1:9464')
    .optional(),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
  PATH: z.string().default(''),
});

/** Every setting of every process, read once from the environment; `.env.example` says what each is for. */
export interface Config {
  readonly databaseUrl: string | undefined;
  readonly databasePoolSize: number;
  readonly temporal: {
    readonly address: string | undefined;
    readonly namespace: string;
    readonly taskQueue: string;
    readonly uiUrl: string;
    readonly cliPath: string | undefined;
  };
  readonly host: string;
  readonly port: number;
  /** Base of the URLs in answers, where a proxy stands in front; otherwise the request's own. */
  readonly publicUrl: string | undefined;
  /** Absolute path of the folder that `roster dev` keeps its data in. */
  readonly home: string;
  /** Key of the token digests; undefined until something needs it (`required`). */
  readonly secret: string | undefined;
  /** Whether SCIM tokens are held to their instance's rate limit. */
  readonly isRateLimited: boolean;
  /** Whether an application may be in a private network. */
  readonly allowPrivateApplications: boolean;
  /** How long a step may fail, its retries included, before its user counts as stuck. */
  readonly patienceSeconds: number;
  readonly shutdownSeconds: number;
  /** Path of the bundled workflows; the worker bundles them at its start where there is none. */
  readonly workflowBundle: string | undefined;
  /** Address and port at which a worker tells its metrics; undefined where it does not. */
  readonly workerMetrics: string | undefined;
  readonly logLevel: z.infer<typeof settingsSchema>['LOG_LEVEL'];
  readonly path: string;
}

/** One or more settings are missing or wrong; the message lists all of them, a line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads and checks the environment, the only place that does.
 * @throws ConfigError naming every faulty setting at once.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(`These settings are wrong (see .env.example):\n${faults.join('\n')}`);
  }
  const settings = parsed.data;
  return {
    databaseUrl: settings.DATABASE_URL,
    databasePoolSize: settings.DATABASE_POOL_SIZE,
    temporal: {
      address: settings.TEMPORAL_ADDRESS,
      namespace: settings.TEMPORAL_NAMESPACE,
      taskQueue: settings.TEMPORAL_TASK_QUEUE,
      uiUrl: settings.TEMPORAL_UI_URL.replace(/\/$/, ''),
      cliPath: settings.TEMPORAL_CLI,
    },
    host: settings.HOST,
    port: settings.PORT,
    publicUrl: settings.PUBLIC_URL?.replace(/\/$/, ''),
    home: resolve(settings.ROSTER_HOME),
    secret: settings.ROSTER_SECRET,
    isRateLimited: settings.ROSTER_RATE_LIMIT === 'on',
    allowPrivateApplications: settings.ROSTER_PRIVATE_APPLICATIONS === 'on',
    patienceSeconds: settings.ROSTER_PATIENCE_SECONDS,
    shutdownSeconds: settings.ROSTER_SHUTDOWN_SECONDS,
    workflowBundle: settings.ROSTER_WORKFLOW_BUNDLE,
    workerMetrics: settings.ROSTER_WORKER_METRICS,
    logLevel: settings.LOG_LEVEL,
    path: settings.PATH,
  };
}

/** What some processes cannot do without. */
const NEEDED = {
  DATABASE_URL: ({ databaseUrl }: Config) => databaseUrl,
  ROSTER_SECRET: ({ secret }: Config) => secret,
  TEMPORAL_ADDRESS: ({ temporal }: Config) => temporal.address,
} as const;
type Needed = keyof typeof NEEDED;

/** A setting that this process cannot do without. @throws ConfigError where it is missing, saying how to give it. */
export function required(value: string | undefined, name: Needed): string {
  if (value === undefined) throw notSet([name]);
  return value;
}

/** @throws ConfigError naming all of these settings that are missing, at once */
export function assertSet(config: Config, names: readonly Needed[]): void {
  const missing = names.filter((name) => NEEDED[name](config) === undefined);
  if (missing.length > 0) throw notSet(missing);
}

const notSet = (names: readonly Needed[]): ConfigError =>
  new ConfigError(
    `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} not set. Set what is missing in the environment (see .env.example), or run "roster dev", which needs nothing.`,
  );

/** The environment of a child process: this one's, with settings of the child's own. */
export const childEnvironment = (settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...settings,
});
