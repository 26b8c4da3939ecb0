import type { IncomingMessage, Server } from 'node:http';

/** How long a body may take while we read it: one that waits for its turn here, or for PostgreSQL, is no fault of the client's. */
const BODY_MS = 15_000;
/** How long a file may bring nothing. */
const IDLE_MS = 30_000;
const TICK_MS = 1_000;
/** Files take as long as they take. */
const UPLOAD = /^\/admin\/v1\/instances\/[^/]+\/imports(?:$|\?)/;

/** Ends a request whose body is late (408), which Node can do for all requests alike only. */
export function boundBodyTime(server: Server, request: IncomingMessage): void {
  const { headers, socket } = request;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
  let seen = socket.bytesRead;
  let waited = 0;
  const isUpload = UPLOAD.test(request.url ?? '');
  const timer = setInterval(() => {
    const isIdle = socket.bytesRead === seen;
    seen = socket.bytesRead;
    if (request.readableFlowing !== true) return;
    waited = isUpload && !isIdle ? 0 : waited + TICK_MS;
    if (waited < (isUpload ? IDLE_MS : BODY_MS) || request.complete) return;
    clearInterval(timer);
    const error = Object.assign(new Error('The body is late.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    server.emit('clientError', error, socket);
  }, TICK_MS);
  request.once('close', () => clearInterval(timer));
}
