import type pg from 'pg';
import { forgetOldRequests, insertRequests, type RequestEntry } from '../../directory/requests.js';
import { type InstanceId, isUserId, newId } from '../../ids.js';
import type { ScimIdentity } from '../../instances/authenticate-token.js';
import type { Log } from '../../telemetry/log.js';
import { storable } from '../protocol/text.js';
import { redactBody } from './redact-body.js';

/** Where requests are noted; a note costs its request nothing but a place in memory. */
export interface RequestLog {
  /** @param entry is asked for only where there is room for it */
  note(status: number, instance: InstanceId | undefined, entry: () => RequestEntry): void;
}

/** One that ends: what was noted is written before. */
export interface RunningRequestLog extends RequestLog {
  stop(): Promise<void>;
}

/** What a request was told: an answer, or a refusal. */
export interface RequestOutcome {
  readonly status: number;
  readonly scimType?: string;
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is known of a request when it has been answered. */
export interface RequestFacts {
  readonly identity: ScimIdentity | undefined;
  /** Of the token, where it was refused. */
  readonly digest: Buffer | undefined;
  readonly method: string;
  readonly path: string;
  /** The names of the query's parameters. */
  readonly parameters: readonly string[];
  /** As parsed, where the instance wants bodies; undefined otherwise. */
  readonly body: unknown;
  readonly requestId: string;
  readonly ms: number;
  readonly outcome: RequestOutcome;
}

/** What the request log keeps of a request: no value of its query or body. */
export function requestEntry({ identity, path, parameters, body, outcome, ...facts }: RequestFacts): RequestEntry {
  // Whom it is about: of a create the answer says it.
  const id = (outcome.headers?.['Location'] ?? path).split('/').at(-1) ?? '';
  return {
    ...facts,
    id: newId(),
    at: new Date(),
    instance: identity?.instance,
    tokenId: identity?.tokenId,
    path: storable(parameters.length > 0 ? `${path}?${parameters.join('&')}` : path, TEXT_LENGTH),
    status: outcome.status,
    scimType: outcome.scimType,
    detail: outcome.detail === undefined ? undefined : storable(outcome.detail, TEXT_LENGTH),
    userId: path.includes('/Users') && isUserId(id) ? id : undefined,
    body: body === undefined ? undefined : JSON.stringify(redactBody(body)),
  };
}

/** How much is kept of a path and of a refusal's words. */
const TEXT_LENGTH = 2_000;
const EVERY_MS = 500;
const FORGET_EVERY_MS = 3_600_000;
/** What may wait while PostgreSQL is away; older notes make room. */
const MOST = 10_000;
const AT_ONCE = 2_000;
/** Between two batches so many answers of an instance are kept, and refusals beyond: a server under a load of thousands must not log for its living. */
const ANSWERS = 500;

/** Starts writing requests down, aside and in batches, and forgetting them after seven days. */
export function startRequestLog(pool: pg.Pool, log: Log): RunningRequestLog {
  let waiting: RequestEntry[] = [];
  let writing: Promise<void> = Promise.resolve();
  /** How many answers of each instance were noted since the last batch. */
  const answers = new Map<InstanceId | undefined, number>();

  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      // Taken out: what is noted meanwhile may push older notes out.
      const batch = waiting.splice(0, AT_ONCE);
      try {
        await insertRequests(pool, batch);
      } catch (error) {
        waiting = [...batch, ...waiting].slice(-MOST);
        log.warn({ err: error }, 'the request log could not be written; trying again');
        return;
      }
    }
  };
  const forget = (): void =>
    void forgetOldRequests(pool).catch((error: unknown) =>
      log.warn({ err: error }, 'old requests could not be forgotten'),
    );
  const timers = [
    setInterval(() => {
      answers.clear();
      writing = writing.then(write);
    }, EVERY_MS),
    setInterval(forget, FORGET_EVERY_MS),
  ];
  forget();
  return {
    note: (status, instance, entry) => {
      if (status < 400) {
        const noted = answers.get(instance) ?? 0;
        if (noted >= ANSWERS) return;
        answers.set(instance, noted + 1);
      }
      waiting.push(entry());
      if (waiting.length > MOST) waiting.shift();
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      await writing;
      await write();
    },
  };
}
