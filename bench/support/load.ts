import { once } from 'node:events';
import type { Program } from './programs.js';

/** What the generator can ask for, all of it in SCIM as Okta writes it. */
export type Work =
  | 'create'
  | 'filter'
  | 'get'
  | 'patch'
  | 'put'
  | 'first page'
  | 'deep page'
  | 'deep cursor'
  | 'bulk'
  | 'group patch';

/** One round of load, for the generator. */
export interface Load {
  readonly origin: string;
  readonly token: string;
  readonly work: Work;
  /** Of the people who are there, in the order of `member`. */
  readonly ids: readonly string[];
  /** Groups of the first of them, one for each connection. */
  readonly groups: readonly string[];
  /** The number of the first person to be created; nobody has it or a later one. */
  readonly from: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Undefined where the server can't do this work. */
export type LoadResult = { readonly rate: number | undefined } | { readonly fault: string };

/** The server answered something else than it should, or nothing. */
export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/**
 * Has the generator run a round. @returns answers a second (of Bulk, people a second), or undefined where the server can't do this work.
 * @throws LoadError where a request was not answered as it should be.
 */
export async function load(generator: Program, round: Load): Promise<number | undefined> {
  const answer = once(generator.process, 'message');
  generator.process.send(round);
  const [result] = (await answer) as [LoadResult];
  if ('fault' in result) throw new LoadError(`${round.work}: ${result.fault}`);
  return result.rate;
}
