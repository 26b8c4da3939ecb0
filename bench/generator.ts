import { Client } from 'undici';
import type { Load, LoadResult } from './support/load.js';
import { type BenchRequest, BULK, check, cursorPage, PAGE, requestsOf } from './support/requests.js';

/**
 * The load generator, a process of its own: so many keep-alive connections, each with one request under way. It is made of
 * undici and not of autocannon: here every request has a body or a path of its own and every answer's status is looked
 * at, for which autocannon builds each request anew and parses answers in JavaScript. On few cores what the generator
 * takes is missing for the server, and makes any two servers look more alike than they are: the lighter one is the more
 * honest.
 */
process.on('message', (round: Load) => {
  void run(round)
    .then(
      (rate): LoadResult => ({ rate }),
      (error: unknown): LoadResult => ({ fault: error instanceof Error ? error.message : String(error) }),
    )
    .then((result) => process.send?.(result));
});
process.once('SIGTERM', () => process.exit(0));
process.send?.({});

/** The answers a second of one round; undefined where the server gives no cursors. */
async function run(load: Load): Promise<number | undefined> {
  const clients = Array.from({ length: load.connections }, () => new Client(load.origin));
  try {
    const start = load.work === 'deep cursor' ? await deepCursor(clients[0], load) : '';
    if (start === undefined) return undefined;
    const began = performance.now();
    const end = began + load.seconds * 1_000;
    const counts = await Promise.all(clients.map((client, lane) => runLane(client, lane, load, start, end)));
    const took = performance.now() - began;
    return (counts.reduce((sum, count) => sum + count, 0) / took) * 1_000 * (load.work === 'bulk' ? BULK : 1);
  } finally {
    await Promise.all(clients.map((client) => client.destroy()));
  }
}

/** One connection's requests until the round ends. The first answer is held against its request in full. */
async function runLane(client: Client, lane: number, load: Load, start: string, end: number): Promise<number> {
  const headers = headersOf(load);
  const expected = load.work === 'create' ? 201 : 200;
  const next = load.work === 'deep cursor' ? undefined : requestsOf(load, lane);
  let cursor = start;
  let step = 0;
  for (; performance.now() < end; step++) {
    const request = next === undefined ? cursorPage(cursor) : next(step);
    const { statusCode, body } = await client.request({ ...request, headers });
    if (step === 0 || statusCode !== expected || next === undefined) {
      const text = await body.text();
      if (step === 0 || statusCode !== expected) check(load, request, statusCode, text);
      cursor = nextCursor(text) ?? start;
    } else {
      await body.dump();
    }
  }
  return step;
}

/** The cursor of the last fifth of the list; undefined where the server gives none. */
async function deepCursor(client: Client | undefined, load: Load): Promise<string | undefined> {
  let cursor: string | undefined = '';
  for (let seen = 0; seen < load.ids.length * 0.8; seen += PAGE) {
    const request: BenchRequest = cursorPage(cursor);
    const answer = await client?.request({ ...request, headers: headersOf(load) });
    cursor = nextCursor((await answer?.body.text()) ?? '');
    if (cursor === undefined) return undefined;
  }
  return cursor;
}

const nextCursor = (text: string): string | undefined => /"nextCursor":"([^"]+)"/.exec(text)?.[1];

const headersOf = ({ token }: Load) => ({
  authorization: `Bearer ${token}`,
  'content-type': 'application/scim+json',
});
