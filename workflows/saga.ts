import { CancellationScope } from '@temporalio/workflow';

/** What undoes a step. It may be called where the step never took effect, and more than once. */
type Undo = () => Promise<unknown>;

/**
 * The undos of what a run has begun. Each is registered before its step acts, since a step that was reported as failed may
 * have taken effect; they run in reverse, and no cancellation stops them.
 */
export class Saga {
  private readonly undos: Undo[] = [];

  register(undo: Undo): void {
    this.undos.push(undo);
  }

  async compensate(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const undo of this.undos.splice(0).toReversed()) await undo();
    });
  }
}
