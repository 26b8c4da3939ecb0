import type { LogEntry } from '@temporalio/worker';

const CODE = /TMPRL\d+/;

/**
 * What may be told of an entry of the Temporal runtime's own log: which run it is about and Temporal's code for what failed, such as
 * TMPRL1100 for a run that its code does not fit. A failure's words can quote what the run was given.
 */
export function temporalLogFields({ meta = {} }: Pick<LogEntry, 'meta'>): Readonly<Record<string, unknown>> {
  const { workflowId, runId = meta['run_id'], failure, error } = meta;
  const code = CODE.exec(typeof failure === 'string' ? failure : '')?.[0];
  return {
    ...(workflowId === undefined ? {} : { workflowId }),
    ...(runId === undefined ? {} : { runId }),
    ...(code === undefined ? {} : { code }),
    err: error,
  };
}
