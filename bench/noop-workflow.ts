import { defineSignal, proxyLocalActivities, setHandler } from '@temporalio/workflow';

export interface NoopActivities {
  noop(): Promise<void>;
}

export const wake = defineSignal('wake');

const { noop } = proxyLocalActivities<NoopActivities>({ startToCloseTimeout: '10s' });

/** What a user's run is held against: three local activities that do nothing. */
export async function threeNoops(): Promise<void> {
  setHandler(wake, () => undefined);
  await noop();
  await noop();
  await noop();
}
