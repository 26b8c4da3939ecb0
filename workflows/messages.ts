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

/** Which import, and whether nothing is to be written but the report. */
export interface ImportRunKey {
  readonly instance: InstanceId;
  readonly id: string;
  readonly dryRun: boolean;
}

/** A step of an import, from after a line of the file on. */
export interface ImportAt extends ImportRunKey {
  readonly after: number;
}

/** How far a step of an import is. */
export interface PhaseProgress {
  readonly after: number;
  readonly isDone: boolean;
  readonly state: 'staging' | 'running' | 'paused' | 'done' | 'cancelled';
  /** How many rows have which outcome. */
  readonly rows: Readonly<Record<string, number>>;
}
