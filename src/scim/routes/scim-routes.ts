import type pg from 'pg';
import { noteIgnoredUpdate } from '../../directory/audit.js';
import { userDirectory } from '../../directory/user-directory.js';
import type { InstanceId } from '../../ids.js';
import { limitEach } from '../../limit-each.js';
import type { Log } from '../../telemetry/log.js';
import type { KeepRefusedChange } from '../http/refused-change.js';
import type { ScimRoute } from '../http/scim-call.js';
import { userLister } from '../list-users.js';
import { bulkRoute } from './bulk.js';
import { discoveryRoutes } from './discovery.js';
import { groupRoutes } from './groups.js';
import { rootSearchRoute } from './search.js';
import { userRoutes } from './users.js';

export interface ScimRoutesOptions {
  readonly pool: pg.Pool;
  /** For lists and groups, which can be slow. */
  readonly listPool: pg.Pool;
  readonly log: Log;
  readonly keepRefusedChange: KeepRefusedChange;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

/** How many of an instance's lists and group requests are under way at once: fewer than the pool has connections. */
const SLOW_AT_ONCE = 2;

/** Every route below `/scim/v2`. */
export function scimRoutes({ pool, listPool, log, keepRefusedChange, onWritten }: ScimRoutesOptions): ScimRoute[] {
  const directory = userDirectory(pool);
  const limited = limitEach<InstanceId>(SLOW_AT_ONCE);
  const listUsers = userLister(listPool, directory, limited);
  const users = userRoutes({
    directory,
    listUsers,
    noteIgnoredUpdate: (instance, user, by) => noteIgnoredUpdate(pool, instance, user, by),
    onWritten,
  });
  const resources = [...users, ...groupRoutes({ pool: listPool, limited })];
  const onFailure = (error: unknown, requestId: string): void =>
    log.error({ err: error, requestId }, 'a request failed');
  return [
    ...resources,
    rootSearchRoute({ pool: listPool, listUsers, limited }),
    bulkRoute(resources, keepRefusedChange, onFailure),
    ...discoveryRoutes(),
  ];
}
