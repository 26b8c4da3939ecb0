import type pg from 'pg';
import { noteIgnoredUpdate } from '../../directory/audit.js';
import { userDirectory } from '../../directory/user-directory.js';
import type { Log } from '../../telemetry/log.js';
import type { AuditRefusal } from '../http/audit-refusals.js';
import type { ScimRoute } from '../http/scim-call.js';
import { userLister } from '../list-users.js';
import { bulkRoute } from './bulk.js';
import { discoveryRoutes } from './discovery.js';
import { groupRoutes } from './groups.js';
import { rootSearchRoute } from './search.js';
import { userRoutes } from './users.js';

export interface ScimRoutesOptions {
  readonly pool: pg.Pool;
  readonly log: Log;
  readonly auditRefusal: AuditRefusal;
  /** Called after each committed write: there is a kick to send. */
  readonly onWritten: () => void;
}

/** Every route below `/scim/v2`. */
export function scimRoutes({ pool, log, auditRefusal, onWritten }: ScimRoutesOptions): ScimRoute[] {
  const directory = userDirectory(pool);
  const listUsers = userLister(pool, directory);
  const users = userRoutes({
    directory,
    listUsers,
    noteIgnoredUpdate: (instance, user, by) => noteIgnoredUpdate(pool, instance, user, by),
    onWritten,
  });
  const resources = [...users, ...groupRoutes({ pool })];
  const onFailure = (error: unknown, requestId: string): void =>
    log.error({ err: error, requestId }, 'a request failed');
  return [
    ...resources,
    rootSearchRoute({ pool, listUsers }),
    bulkRoute(resources, auditRefusal, onFailure),
    ...discoveryRoutes(),
  ];
}
