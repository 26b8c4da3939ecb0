import type { Random } from '../src/demo/random.js';
import type { InstanceId } from '../src/ids.js';
import type { FaultProxy } from '../test/support/fault-proxy.js';
import type { RecordingApplication } from '../test/support/recording-application.js';
import type { Cluster } from './cluster.js';
import type { Ledger } from './ledger.js';

/** One instance as its Okta and its operators know it. */
export interface Tenant {
  readonly instance: InstanceId;
  /** The token in use; another one from time to time. */
  token: string;
  readonly operatorToken: string;
  readonly people: readonly string[];
  /** The SCIM ids of people and groups, as far as known, by name. */
  readonly ids: Map<string, string>;
}

/** All that clients, faults and checks of one seed share. */
export interface World {
  readonly cluster: Cluster;
  readonly application: RecordingApplication;
  readonly applicationLink: FaultProxy;
  readonly tenants: readonly Tenant[];
  readonly ledger: Ledger;
  /** What was wrong the moment it was seen: an answer, a read, a state in between; a line each. */
  readonly seen: string[];
  /** Whom the application has refused, by id. */
  readonly poisoned: Set<string>;
  /** How many times as long clients think as they do in a seed. */
  readonly calm: number;
  /** Aborted when clients are to end. */
  readonly signal: AbortSignal;
}

/** What a client gets. */
export interface ClientOf {
  readonly world: World;
  readonly tenant: Tenant;
  readonly random: Random;
}

/** What all clients assert as a password, which nothing may show. */
export const CANARY = 'Canary-in-the-mine-7!';
/** All people's e-mails have it, so no log may. */
export const DOMAIN = 'proof.test';
export const userNameOf = (name: string): string => `${name}@${DOMAIN}`;
