import {
  type ActivityOptions,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  defineUpdate,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ApplicationActivities } from '../activities/announcements.js';
import type { ImportActivities } from '../activities/imports.js';
import type { ImportRunKey, PhaseProgress } from './messages.js';
import { assertWords, DATA, type OperatorWords } from './operator.js';
import { searchAttributes } from './search-attributes.js';
import { APPLICATION_QUEUE, IMPORT_QUEUE } from './task-queues.js';
import { listen, type Wake } from './wake.js';

/** What a file does, one after the other; each goes through the rows of the file in pages. */
const PHASES = ['write', 'settle', 'adopt', 'tell'] as const;
/** A dry run writes the report alone. */
const REHEARSAL = ['rehearse'] as const;
type Phase = (typeof PHASES | typeof REHEARSAL)[number];

const WORDS_OF: Readonly<Record<Phase, string>> = {
  write: 'creating and changing people',
  settle: 'giving them managers and teams',
  adopt: 'moving over who was there before',
  tell: 'telling the application',
  rehearse: 'looking what would be',
};

/** Where an import was when its history became long. */
interface Place {
  readonly phase: Phase;
  readonly after: number;
}

const onQueue = (queue: string): ActivityOptions => ({
  taskQueue: `${workflowInfo().taskQueue}${queue}`,
  // A rehearsal is one activity, however long the file: whether it lives its heartbeats say.
  startToCloseTimeout: '12h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
  priority: { priorityKey: 5 },
});

/**
 * Brings a staged file in: writes its people, gives them their managers once all are there, moves over who referred to them before, and
 * tells the application. What is done stays and has its manager where the import is cancelled.
 */
export async function importBatch(
  key: ImportRunKey,
  from: Place = { phase: key.dryRun ? 'rehearse' : 'write', after: 0 },
): Promise<void> {
  const wake = listen();
  const { writeRows, rehearseRows, settleRows, adoptByRows, finishImport, actOnImport } =
    proxyActivities<ImportActivities>(onQueue(IMPORT_QUEUE));
  const { announceRows, announceMoved } = proxyActivities<ApplicationActivities>(onQueue(APPLICATION_QUEUE));
  const steps: Record<Phase, typeof writeRows> = {
    write: writeRows,
    settle: settleRows,
    adopt: adoptByRows,
    tell: announceRows,
    rehearse: rehearseRows,
  };
  const phases: readonly Phase[] = key.dryRun ? REHEARSAL : PHASES;
  upsertSearchAttributes([{ key: searchAttributes.batch, value: key.id }]);
  listenToOperators(actOnImport, key);
  // Cancel in the Temporal UI is the cancel of the import: what is written is brought to its end. One that is cancelled already refuses it.
  CancellationScope.current().cancelRequested.catch(() =>
    CancellationScope.nonCancellable(() =>
      actOnImport({ ...key, action: 'cancel', who: 'temporal', why: 'cancelled in the Temporal UI' }).catch(
        () => undefined,
      ),
    ),
  );

  await CancellationScope.nonCancellable(async () => {
    for (const phase of phases.slice(phases.indexOf(from.phase))) {
      let progress: PhaseProgress | undefined;
      do {
        wake.changed = false;
        const after: number = progress?.after ?? (phase === from.phase ? from.after : 0);
        progress = await steps[phase]({ ...key, after });
        show(phase, progress);
        if (progress.state === 'paused') await untilWoken(wake);
        if (workflowInfo().continueAsNewSuggested) {
          await condition(allHandlersFinished);
          await continueAsNew<typeof importBatch>(key, { phase, after: progress.after });
        }
      } while (!progress.isDone);
    }
    if (!key.dryRun) await announceMoved(key);
    await finishImport(key);
    // An operator who has asked for something is answered first.
    await condition(allHandlersFinished);
  });
}

/** Whoever resumes or cancels wakes it. */
const untilWoken = async (wake: Wake): Promise<void> => {
  await condition(() => wake.changed);
};

function show(phase: Phase, { state, rows }: PhaseProgress): void {
  const { total = 0, pending = 0, ...outcomes } = rows;
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  setCurrentDetails(
    `**${state}**: ${WORDS_OF[phase]}\n\n${total - pending} of ${total} rows decided: ${counts.join(', ')}`,
  );
}

/** Lets operators pause, resume and cancel from the Temporal UI, as the admin API does. */
function listenToOperators(actOnImport: ImportActivities['actOnImport'], key: ImportRunKey): void {
  for (const [action, description] of [
    ['pause', 'Stop after the page in hand, until it is resumed.'],
    ['resume', 'Go on.'],
    ['cancel', 'Stop for good. What is done stays and has its manager, the rest is marked cancelled.'],
  ] as const) {
    setHandler(
      defineUpdate<string, [OperatorWords]>(action),
      async ({ who, why }) => {
        await actOnImport({ ...key, action, who, why });
        return `It is done: ${action}.`;
      },
      { description: `${description} Data: ${DATA}`, validator: assertWords },
    );
  }
}
