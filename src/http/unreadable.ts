import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { ScimError, scimErrorBody } from '../scim/protocol/errors.js';
import { SCIM_MEDIA_TYPE } from '../scim/scim-endpoint.js';

const notHttp = new ScimError('scim_invalid_syntax', 'The request is not valid HTTP');
const withoutHost = new ScimError('scim_invalid_syntax', 'The request has no Host header');

/** What Node's parser refuses, by its code; anything else is no HTTP. */
const REFUSALS: Readonly<Record<string, ScimError>> = {
  HPE_HEADER_OVERFLOW: new ScimError(
    'scim_headers_too_large',
    'The URL and the headers together are larger than 16384 bytes',
  ),
  ERR_HTTP_REQUEST_TIMEOUT: new ScimError('scim_request_timeout', 'The request took too long to arrive'),
};

const LINGER_MS = 1_000;

/** A request that Node can't even parse is answered in SCIM's form too, on a connection that then ends. */
export function answerUnreadable(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // On a connection that was opened ahead of need nothing was asked: an answer would be taken for that of the first request.
    if (error.code === 'ECONNRESET' || !socket.writable || ('bytesRead' in socket && socket.bytesRead === 0)) {
      socket.destroy();
      return;
    }
    const refusal = REFUSALS[error.code ?? ''] ?? notHttp;
    const body = JSON.stringify(scimErrorBody(refusal));
    // The client may still be sending: it gets the time to read the answer, and no more.
    socket.end(
      `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nContent-Type: ${SCIM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      () => setTimeout(() => socket.destroy(), LINGER_MS).unref(),
    );
  });
}

/** Refuses, as RFC 9112 section 3.2 wants it, a request of HTTP/1.1 without a Host; true where it did. */
export function refuseWithoutHost(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.headers.host !== undefined || request.httpVersion !== '1.1') return false;
  const body = JSON.stringify(scimErrorBody(withoutHost));
  const headers = { 'Content-Type': SCIM_MEDIA_TYPE, 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
  response.writeHead(withoutHost.status, headers).end(body);
  return true;
}
