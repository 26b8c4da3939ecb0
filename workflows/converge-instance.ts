import { continueAsNew, patched, workflowInfo } from '@temporalio/workflow';
import { evaluateInstance } from './activity-options.js';
import type { InstanceKey } from './messages.js';
import { tellMoved } from './tell.js';
import { listen } from './wake.js';

/**
 * Moves, in pages, whom a change of the instance itself concerns: everybody who is with the default manager by fallback
 * when that changes (rule 5). It ends when a page is empty and nothing came meanwhile.
 */
export async function convergeInstance(key: InstanceKey): Promise<void> {
  const wake = listen();
  for (;;) {
    wake.changed = false;
    const moved = await evaluateInstance(key);
    if (moved === 0 && !wake.changed) {
      if (patched('announce-moved')) await tellMoved(key, wake);
      if (!wake.changed) return;
    }
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof convergeInstance>(key);
  }
}
