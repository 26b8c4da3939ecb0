import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { OwnToken } from '../api-types.js';

type OperatorRole = OwnToken['role'];

/** The role of whose token it is; nobody sees a view without. */
export const RoleContext = createContext<OperatorRole>('viewer');

const ORDER: readonly OperatorRole[] = ['application', 'viewer', 'operator', 'admin'];

/** Whether the role may do what needs this one. Each may do what the ones before it may. */
export function useMay(needed: OperatorRole): boolean {
  return ORDER.indexOf(useContext(RoleContext)) >= ORDER.indexOf(needed);
}
