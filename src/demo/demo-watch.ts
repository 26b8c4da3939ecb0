import { setTimeout as delay } from 'node:timers/promises';
import type { AccountView, AdminView } from './admin-view.js';
import { describeAccount, describeWait } from './demo-lines.js';
import type { AssertedPerson } from './session.js';

export interface WatchOptions {
  readonly admin: AdminView;
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Sees how the accounts of a demo become what was asserted. */
export interface Watch {
  /** As last seen, by id; the default manager too. */
  readonly accounts: ReadonlyMap<string, AccountView>;
  /** Waits a while for a new instance's first coach, who is provisioned like anybody. */
  untilReady(): Promise<void>;
  /**
   * Waits until each person's account is what was asserted, saying what becomes of it, and of any other meanwhile.
   * @returns a sentence for each that is not after the instance's wait for a manager and a minute.
   */
  untilSettled(people: readonly AssertedPerson[]): Promise<string[]>;
}

const POLL_MS = 100;
/** Who has not settled is shown after so long, and then again each time. */
const SHOW_AFTER_MS = 2_000;
const SHOW_EVERY_MS = 5_000;
const PATIENCE_MS = 60_000;
const READY_MS = 10_000;

export function createWatch({ admin, say, signal }: WatchOptions): Watch {
  const accounts = new Map<string, AccountView>();
  const said = new Map<string, string>();

  const look = async (people: readonly AssertedPerson[]): Promise<AccountView[]> => {
    const seen = await Promise.all(people.map(({ id }) => admin.account(id)));
    for (const account of seen) accounts.set(account.id, account);
    for (const account of seen.filter(isSettled)) {
      const description = describeAccount(account, accounts);
      if (said.get(account.id) !== description) say(`   ✓ ${description}`);
      said.set(account.id, description);
    }
    return seen.filter((account) => !isSettled(account));
  };

  const sayWhoWaits = async (waiting: readonly AccountView[], people: readonly AssertedPerson[]): Promise<void> => {
    const ids = new Set(waiting.map(({ id }) => id));
    const told = await Promise.all([admin.inStage('waiting for manager', ids), admin.inStage('stuck', ids)]);
    for (const account of waiting) {
      const progress = told.flat().find(({ userId }) => userId === account.id);
      const reference = people.find(({ id }) => id === account.id)?.profile.manager?.reference;
      say(`     ${describeWait(account, progress, reference)}`);
    }
  };

  return {
    accounts,
    untilReady: async () => {
      const end = Date.now() + READY_MS;
      while ((await admin.instance()).defaultManager === null && Date.now() < end) {
        signal?.throwIfAborted();
        await delay(POLL_MS);
      }
    },
    untilSettled: async (people) => {
      const { managerWaitSeconds, defaultManager } = await admin.instance();
      if (defaultManager !== null) accounts.set(defaultManager.id, await admin.account(defaultManager.id));
      const began = Date.now();
      for (let show = SHOW_AFTER_MS; ; ) {
        signal?.throwIfAborted();
        const waiting = await look(people);
        if (waiting.length === 0) return [];
        const took = Date.now() - began;
        const seconds = Math.round(took / 1000);
        if (took > managerWaitSeconds * 1000 + PATIENCE_MS) {
          return waiting.map(({ userName }) => `${userName} has not settled in ${seconds} s`);
        }
        if (took > show) {
          show = took + SHOW_EVERY_MS;
          say(`   … after ${seconds} s; this instance waits ${managerWaitSeconds} s for a manager:`);
          await sayWhoWaits(waiting, people);
        }
        await delay(POLL_MS);
      }
    },
  };
}

const isSettled = ({ version }: AccountView): boolean => version.applied >= version.asserted;
