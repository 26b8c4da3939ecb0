import { isUserId, type UserId } from '../ids.js';
import { notFound, type ProblemError } from './problem.js';

export const noSuchAccount = (id: string): ProblemError => notFound(`There is no account ${id} in this instance.`);

/** An id as a path has it: one of any other shape belongs to nobody. @throws ProblemError 404 */
export function accountId(id: string): UserId {
  if (!isUserId(id)) throw noSuchAccount(id);
  return id;
}
