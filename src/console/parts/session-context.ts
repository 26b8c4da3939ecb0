import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { OwnToken } from '../api-types.js';

type OperatorRole = OwnToken['role'];

/** Whose token it is; nobody sees a view without. */
export const SessionContext = createContext<OwnToken>({ id: '', role: 'viewer' });

const ORDER: readonly OperatorRole[] = ['application', 'viewer', 'operator', 'admin'];

/** Whether the role may do what needs this one. Each may do what the ones before it may. */
export function useMay(needed: OperatorRole): boolean {
  return ORDER.indexOf(useContext(SessionContext).role) >= ORDER.indexOf(needed);
}

/** What a token has to be for that, in words. */
export const roleWords = (needed: OperatorRole): string =>
  `of role ${needed}${needed === ORDER.at(-1) ? '' : ' or above'}`;
