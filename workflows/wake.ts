import { setHandler } from '@temporalio/workflow';
import { CHANGED_DESCRIPTION, changed } from './messages.js';

/** What has reached a run since it last read its rows. */
export interface Wake {
  changed: boolean;
}

/** Registers the run's message handler; called before the first await, or what came with the start would be missed. */
export function listen(): Wake {
  const wake: Wake = { changed: false };
  setHandler(
    changed,
    () => {
      wake.changed = true;
    },
    { description: CHANGED_DESCRIPTION },
  );
  return wake;
}
