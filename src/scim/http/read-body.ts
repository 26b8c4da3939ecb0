import type { IncomingMessage } from 'node:http';
import rawBody from 'raw-body';
import { invalidSyntax, payloadTooLarge, ScimError, unsupportedMediaType } from '../protocol/errors.js';
import { parseScimBody } from '../protocol/scim-body.js';

const MEDIA_TYPES: readonly string[] = ['application/scim+json', 'application/json'];

/**
 * Reads a request's JSON object of at most `limit` bytes; a body without a media type is taken as JSON.
 * @throws ScimError 400 invalidSyntax, 413, 415
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
  mediaTypes = MEDIA_TYPES,
): Promise<Record<string, unknown>> {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  if (mediaType !== '' && !mediaTypes.includes(mediaType.trim())) {
    throw unsupportedMediaType(`The body must be ${mediaTypes.join(' or ')}`);
  }
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw unsupportedMediaType('The body must not be compressed');
  }
  return parseScimBody(textOf(await readBytes(request, limit)));
}

async function readBytes(request: IncomingMessage, limit: number): Promise<Uint8Array> {
  try {
    return await rawBody(request, { limit, length: request.headers['content-length'] ?? null });
  } catch (error) {
    // What is left of the body is let go by, or the connection would stand still with it.
    request.resume();
    if (error instanceof ScimError) throw error;
    const type = error instanceof Error && 'type' in error ? error.type : undefined;
    if (type === 'entity.too.large') throw payloadTooLarge(`The body is larger than ${limit} bytes`);
    throw invalidSyntax('The body could not be read');
  }
}

/** Does without a byte order mark; what is not UTF-8 is refused, or something else would be stored than was sent. */
const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw invalidSyntax('The body is not valid UTF-8');
  }
}
