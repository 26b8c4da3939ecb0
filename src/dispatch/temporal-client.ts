import { Client, Connection } from '@temporalio/client';

/** Where a Temporal server is and which of its namespaces is ours. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
}

/** A client that connects when it is first used, so that a process starts without Temporal. */
export function lazyTemporalClient(target: TemporalTarget): Client {
  const connection = Connection.lazy({ address: target.address, connectTimeout: '3s' });
  return new Client({ connection, namespace: target.namespace });
}
