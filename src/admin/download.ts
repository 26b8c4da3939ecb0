import { Readable } from 'node:stream';

/** A download failed after its beginning was sent: its client sees the connection end, and nothing but the log says why. */
export class BrokenOffError extends Error {
  override readonly name = 'BrokenOffError';

  constructor(cause: unknown) {
    super('a download broke off', { cause });
  }
}

/** A text as a body, once its beginning is there: what fails before that can still be told. @throws what reading the beginning throws */
export async function begun(text: AsyncIterable<string>): Promise<Readable> {
  const parts = text[Symbol.asyncIterator]();
  const first = await parts.next();
  return Readable.from(partsFrom(first, parts));
}

const RECHECK_MS = 1_000;

/** A text that ends, broken off, within a second after its reader may no longer read it. @param assertAllowed throws then */
export async function* whileAllowed(
  text: AsyncIterable<string>,
  assertAllowed: () => Promise<void>,
): AsyncGenerator<string> {
  let checkedAt = performance.now();
  for await (const part of text) {
    if (performance.now() - checkedAt >= RECHECK_MS) {
      await assertAllowed();
      checkedAt = performance.now();
    }
    yield part;
  }
}

async function* partsFrom(first: IteratorResult<string>, parts: AsyncIterator<string>): AsyncGenerator<string> {
  try {
    for (let part = first; part.done !== true; part = await parts.next()) yield part.value;
  } catch (error) {
    throw new BrokenOffError(error);
  } finally {
    await parts.return?.();
  }
}
