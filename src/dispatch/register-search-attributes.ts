import { Connection } from '@temporalio/client';
import { searchAttributes } from '../../workflows/search-attributes.js';
import type { TemporalTarget } from './temporal-client.js';

/** Temporal's numbers for the types that we use (temporal.api.enums.v1.IndexedValueType). */
const INDEXED_VALUE_TYPES = { KEYWORD: 2, DATETIME: 6 } as const;

/**
 * Registers what runs are filtered by, so that a fresh server never fails on an unknown attribute; repeats are harmless.
 * @returns the names that were missing.
 * @throws the client's error where the server can't be reached or refuses.
 */
export async function registerSearchAttributes(target: TemporalTarget): Promise<string[]> {
  const connection = await Connection.connect({ address: target.address, connectTimeout: '5s' });
  try {
    const missing = await missingSearchAttributes(connection, target.namespace);
    if (missing.length > 0) {
      const types = new Map<string, string>(Object.values(searchAttributes).map((key) => [key.name, key.type]));
      await connection.operatorService.addSearchAttributes({
        namespace: target.namespace,
        searchAttributes: Object.fromEntries(
          missing.map((name) => [name, INDEXED_VALUE_TYPES[types.get(name) === 'DATETIME' ? 'DATETIME' : 'KEYWORD']]),
        ),
      });
    }
    return missing;
  } finally {
    await connection.close();
  }
}

/** The names of those of our search attributes that this namespace does not know. */
export async function missingSearchAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.values(searchAttributes)
    .map((key) => key.name)
    .filter((name) => !(name in known.customAttributes));
}
