import { ask, ProblemFound, path, problemFrom, request, withQuery } from './api.js';
import type { Import, Listed } from './api-types.js';

const AGAIN_MS = 2_000;
const AGAIN_AT_MOST_MS = 30_000;
/** The server says something each second: after so long a silence nobody is there. */
const SILENCE_MS = 10_000;

/** An import that nothing more comes of. */
export const hasEnded = ({ state }: Pick<Import, 'state'>): boolean => state === 'done' || state === 'cancelled';

interface Listener {
  readonly onImport: (now: Import) => void;
  /** What keeps it from being read for now: it is tried again. */
  readonly onTrouble: (problem: ProblemFound) => void;
}

/**
 * Tells of an import of an instance again and again until it ends. The events are read by `fetch`, since `EventSource` cannot send a token; a stream that
 * breaks off or falls silent is begun again, and what does not answer is asked again, less and less often.
 * @throws ProblemFound where the import cannot be read, which waiting does not mend
 */
export async function followImport(
  instance: string,
  id: string,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  let isFound = false;
  for (let wait = AGAIN_MS; ; wait = Math.min(wait * 2, AGAIN_AT_MOST_MS)) {
    try {
      if (!isFound) await findImport(instance, id, signal);
      isFound = true;
      const now = await ask<Import>('GET', path`/imports/${id}`, { signal });
      wait = AGAIN_MS;
      listener.onImport(now);
      if (hasEnded(now)) return;
      // What broke the stream the next question finds out.
      await readEvents(id, listener.onImport, signal).catch(() => undefined);
    } catch (error) {
      signal.throwIfAborted();
      const problem = problemFrom(error);
      if (!problem.mayPass) throw problem;
      listener.onTrouble(problem);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    signal.throwIfAborted();
  }
}

/** Looks for it among the imports of the instance: the API gives any import by its id alone. @throws ProblemFound where it is not there */
async function findImport(instance: string, id: string, signal: AbortSignal): Promise<void> {
  for (let cursor: string | null = null; ; ) {
    const of = withQuery(path`/instances/${instance}/imports`, { limit: '1000', cursor });
    const { items, nextCursor }: Listed<Import> = await ask('GET', of, { signal });
    if (items.some((one) => one.id === id)) return;
    if (nextCursor === null) {
      throw new ProblemFound({ status: 404, code: 'not_found', detail: `${instance} has no import ${id}.` });
    }
    cursor = nextCursor;
  }
}

/** One stream, to its end. @throws ProblemFound, or what breaks the stream */
async function readEvents(id: string, onImport: (now: Import) => void, signal: AbortSignal): Promise<void> {
  const silence = new AbortController();
  const heard = (): ReturnType<typeof setTimeout> => setTimeout(() => silence.abort(), SILENCE_MS);
  let timer = heard();
  try {
    const { body } = await request('GET', path`/imports/${id}/events`, {
      headers: { accept: 'text/event-stream' },
      signal: AbortSignal.any([signal, silence.signal]),
      isLong: true,
    });
    if (body === null) return;
    let rest = '';
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = heard();
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith('data:')) continue;
        const now: Import = JSON.parse(line.slice('data:'.length));
        onImport(now);
      }
    }
  } finally {
    clearTimeout(timer);
  }
}
