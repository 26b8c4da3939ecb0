import { cancellationSignal } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';

/** Ends an activity whose worker ends: another goes on from its last heartbeat. @throws CancelledFailure */
export function assertWorkerRuns(): void {
  const { aborted, reason } = cancellationSignal();
  if (aborted && reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') throw reason;
}
