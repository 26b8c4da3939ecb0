import { pino } from 'pino';
import type { Config } from '../config.js';

export type Log = pino.Logger;

/** The process's log: JSON lines of chosen fields, never headers, bodies, query strings or names. */
export const createLog = (config: Pick<Config, 'logLevel'>, process: 'server' | 'worker'): Log =>
  pino({
    level: config.logLevel,
    base: { process },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorOf },
  });

/** An error as a log may show it: a database's message can quote a row, so only what names the fault is kept. */
function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: typeof error };
  const { code, severity } = error as Error & { code?: unknown; severity?: unknown };
  const quotesData = severity !== undefined;
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    ...(quotesData ? {} : { message: error.message }),
    stack: error.stack?.split('\n').slice(1, 8).join('\n'),
    ...(error.cause === undefined ? {} : { cause: errorOf(error.cause) }),
  };
}
