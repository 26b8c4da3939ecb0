import type { ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { listen } from '../src/http/listen.js';
import { ANSWER_MS, PATHS, POISON, type Trouble } from './support/application.js';

/**
 * The applications of all instances of a bench, behind one address, as a vendor has them: each at a path of its own. They
 * verify nothing and take everything after 20 ms. While there is trouble, one refuses poison and one answers nobody; who
 * asked in vain gets the answer when the trouble is over.
 */
let isTroubled = false;
const hanging: ServerResponse[] = [];

process.on('message', (trouble: Trouble) => {
  isTroubled = trouble.isOn;
  for (const response of hanging.splice(0)) response.writeHead(200).end();
  process.send?.({});
});
process.once('SIGTERM', () => process.exit(0));

async function answer(path: string, body: string, response: ServerResponse): Promise<void> {
  if (isTroubled && path === PATHS.hanging) {
    hanging.push(response);
    return;
  }
  const isRefused = isTroubled && path === PATHS.particular && body.includes(POISON);
  await delay(ANSWER_MS);
  response.writeHead(isRefused ? 422 : 200).end();
}

const { port } = await listen(
  (request, response) => {
    void text(request).then(
      (body) => answer(request.url ?? '', body, response),
      () => response.destroy(),
    );
  },
  '127.0.0.1',
  0,
);
process.send?.({ port });
