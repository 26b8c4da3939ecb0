import type { IncomingMessage, Server } from 'node:http';

/** How long a body may take from the end of its headers. */
const BODY_MS = 15_000;
/** How long a file may bring nothing. */
const IDLE_MS = 30_000;
/** Files take as long as they take. */
const UPLOAD = /^\/admin\/v1\/instances\/[^/]+\/imports(?:$|\?)/;

/** Ends a request whose body is late (408), which Node can do for all requests alike only. */
export function boundBodyTime(server: Server, request: IncomingMessage): void {
  const { headers, socket } = request;
  if (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0') return;
  let seen = socket.bytesRead;
  const isUpload = UPLOAD.test(request.url ?? '');
  const timer = setInterval(
    () => {
      const isLate = !isUpload || socket.bytesRead === seen;
      seen = socket.bytesRead;
      if (!isLate || request.complete) return;
      clearInterval(timer);
      server.emit(
        'clientError',
        Object.assign(new Error('The body is late.'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
        socket,
      );
    },
    isUpload ? IDLE_MS : BODY_MS,
  );
  request.once('close', () => clearInterval(timer));
}
