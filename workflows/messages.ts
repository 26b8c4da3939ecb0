import { defineSignal } from '@temporalio/workflow';
import type { InstanceId, UserId } from '../src/ids.js';

/** Whose run it is. Nothing else ever comes in: a run reads what is to be done. */
export interface UserKey {
  readonly instance: InstanceId;
  readonly userId: UserId;
}

export interface InstanceKey {
  readonly instance: InstanceId;
}

/** Look again: something may have changed. It carries nothing, so that a repeated or late one does no harm. */
export const changed = defineSignal('changed');

export const CHANGED_DESCRIPTION =
  'Something may have changed for this user or instance: the run reads its rows again.';
