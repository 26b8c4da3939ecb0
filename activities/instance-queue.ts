import type { InstanceId, UserId } from '../src/ids.js';

/** A step over a set of one instance's users: its result has an entry for each user it dealt with. */
export type SetStep<Item, Result> = (instance: InstanceId, items: readonly Item[]) => Promise<Map<UserId, Result>>;

interface Call {
  readonly step: unknown;
  readonly ids: readonly UserId[];
  /** Runs this call's step for its own items and those of others like it, and settles them all. */
  readonly runWith: (others: readonly Call[]) => Promise<void>;
}

/** How many users go together in one statement. */
const SET_SIZE = 500;

/**
 * Guard 2 lets one evaluator work per instance. Inside one process the callers queue here, in memory, so that waiting holds
 * no connection; and those who wait for the same step go together as one set. A set that fails is tried again one call at
 * a time, so that one bad user fails alone.
 */
export class InstanceQueue {
  private readonly waiting = new Map<InstanceId, Call[]>();

  /** The same step, queued: callers of one instance and step that wait at the same time share a statement. */
  together<Item, Result>(step: SetStep<Item, Result>, idOf: (item: Item) => UserId): SetStep<Item, Result> {
    const settlers = new WeakMap<
      Call,
      { items: readonly Item[]; resolve: (all: Map<UserId, Result>) => void; reject: (error: unknown) => void }
    >();
    return (instance, items) =>
      new Promise((resolve, reject) => {
        const call: Call = {
          step,
          ids: items.map(idOf),
          runWith: async (others) => {
            const calls = [call, ...others].flatMap((each) => settlers.get(each) ?? []);
            try {
              const results = await step(
                instance,
                calls.flatMap((each) => each.items),
              );
              for (const each of calls) each.resolve(results);
            } catch (error) {
              if (calls.length === 1) return reject(error);
              for (const each of calls) await step(instance, each.items).then(each.resolve, each.reject);
            }
          },
        };
        settlers.set(call, { items, resolve, reject });
        this.enqueue(instance, call);
      });
  }

  /** Work on one instance that shares no statement, queued with the rest. */
  alone<Result>(instance: InstanceId, work: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.enqueue(instance, { step: work, ids: [], runWith: () => work().then(resolve, reject) });
    });
  }

  private enqueue(instance: InstanceId, call: Call): void {
    const queue = this.waiting.get(instance);
    if (queue !== undefined) {
      queue.push(call);
      return;
    }
    this.waiting.set(instance, [call]);
    void this.drain(instance);
  }

  private async drain(instance: InstanceId): Promise<void> {
    for (;;) {
      const queue = this.waiting.get(instance) ?? [];
      const first = queue.shift();
      if (first === undefined) break;
      await first.runWith(takeAlike(queue, first));
    }
    this.waiting.delete(instance);
  }
}

/** Takes from the queue who waits for the same step, each user once, as many as make a set. */
function takeAlike(queue: Call[], first: Call): Call[] {
  const ids = new Set(first.ids);
  const alike: Call[] = [];
  for (const call of queue.splice(0)) {
    if (call.step === first.step && ids.size + call.ids.length <= SET_SIZE && !call.ids.some((id) => ids.has(id))) {
      for (const id of call.ids) ids.add(id);
      alike.push(call);
    } else {
      queue.push(call);
    }
  }
  return alike;
}
