import { ask, path, request } from './api.js';
import type { Import } from './api-types.js';

const AGAIN_MS = 2_000;

/** An import that nothing more comes of. */
export const hasEnded = ({ state }: Pick<Import, 'state'>): boolean => state === 'done' || state === 'cancelled';

/**
 * Tells of an import again and again until it ends. The events are read by `fetch`, since `EventSource` cannot send a token; a stream that
 * breaks off is begun again. @throws ProblemFound where the import cannot be read
 */
export async function followImport(id: string, onImport: (now: Import) => void, signal: AbortSignal): Promise<void> {
  for (;;) {
    const now = await ask<Import>('GET', path`/imports/${id}`, { signal });
    onImport(now);
    if (hasEnded(now)) return;
    await readEvents(id, onImport, signal).catch(() => undefined);
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    signal.throwIfAborted();
  }
}

/** One stream, to its end. @throws ProblemFound, or what breaks the stream */
async function readEvents(id: string, onImport: (now: Import) => void, signal: AbortSignal): Promise<void> {
  const headers = { accept: 'text/event-stream' };
  const { body } = await request('GET', path`/imports/${id}/events`, { headers, signal });
  if (body === null) return;
  let rest = '';
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('data:')) continue;
      const now: Import = JSON.parse(line.slice('data:'.length));
      onImport(now);
    }
  }
}
