import { ApplicationFailure } from '@temporalio/common';
import type { Actor } from '../src/directory/users.js';
import { RefusedError } from '../src/errors.js';

/** Whoever asks in the Temporal UI, by the name that they give. */
export const operatorCalled = (who: string): Actor => ({ actor: `temporal:${who}`, source: 'admin', requestId: null });

/** What an operator asked for. @throws ApplicationFailure with a refusal's code, which is not tried again */
export async function refusedForGood<Result>(done: Promise<Result>): Promise<Result> {
  try {
    return await done;
  } catch (error) {
    throw error instanceof RefusedError ? ApplicationFailure.nonRetryable(error.message, error.code) : error;
  }
}
