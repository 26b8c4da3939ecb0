import type { z } from 'zod';
import { endpointUrl } from '../application/endpoint-url.js';
import {
  type ChangedInstance,
  createInstance,
  listInstances,
  setInstance,
  showInstance,
} from '../instances/instances.js';
import { listOf, wholeList } from './page.js';
import { forbidden } from './problem.js';
import { type AdminRoute, fromBody, instanceRoute, nothing, route, type WritingRoutesOptions } from './route.js';
import * as schemas from './schemas.js';

export interface InstanceRoutesOptions extends WritingRoutesOptions {
  /** Whether an application may be in a private network, and be reached without TLS. */
  readonly allowPrivateApplications: boolean;
}

/** `/instances` and `/instances/{slug}`. */
export function instanceRoutes({ pool, onWritten, allowPrivateApplications }: InstanceRoutesOptions): AdminRoute[] {
  /** The settings, with the endpoint as this installation allows it. @throws RefusedError `invalid_application` */
  const allowed = <Given extends Pick<z.output<typeof schemas.instanceSettings>, 'application'>>(settings: Given) => {
    const { application } = settings;
    return {
      ...settings,
      application: application && { ...application, url: endpointUrl(application.url, allowPrivateApplications) },
    };
  };
  return [
    route({
      name: 'listInstances',
      summary: 'Every instance, by slug',
      method: 'GET',
      path: '/instances',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: listOf(schemas.instance),
      handle: async () => wholeList((await listInstances(pool)).map(presentInstance)),
    }),
    route({
      name: 'createInstance',
      summary: 'Create an instance with its first coach, who is its default manager until another is chosen',
      method: 'POST',
      path: '/instances',
      audited: 'instance.create',
      role: 'admin',
      input: fromBody(schemas.newInstance),
      status: 201,
      answer: schemas.instance,
      conflict: 'An instance with this slug exists already.',
      handle: async ({ input, by }) => {
        const instance = await createInstance(pool, allowed(input), by);
        onWritten();
        return presentInstance(instance);
      },
    }),
    instanceRoute({
      name: 'getInstance',
      summary: 'One instance',
      method: 'GET',
      path: '/instances/{slug}',
      role: 'viewer',
      input: nothing,
      status: 200,
      answer: schemas.instance,
      handle: async ({ instance }) => presentInstance(await showInstance(pool, instance)),
    }),
    instanceRoute({
      name: 'setInstance',
      summary: "Change an instance's settings; what is left out stays",
      method: 'PATCH',
      path: '/instances/{slug}',
      audited: 'instance.set',
      role: 'operator',
      input: fromBody(schemas.instanceSettings),
      status: 200,
      answer: schemas.instance,
      conflict: 'The account cannot be the default manager; the detail says why.',
      handle: async ({ instance, input, by, role }) => {
        // Where everybody's data goes is for an admin to say.
        if (input.application !== undefined && role !== 'admin') throw forbidden(role, 'admin');
        const changed = await setInstance(pool, instance, allowed(input), by);
        onWritten();
        return presentInstance(changed);
      },
    }),
  ];
}

const presentInstance = (instance: ChangedInstance): z.input<typeof schemas.instance> => ({
  slug: instance.slug,
  name: instance.name,
  managerWaitSeconds: instance.managerWaitSeconds,
  rateLimit: instance.rateLimit,
  logBodiesUntil: instance.logBodiesUntil?.toISOString() ?? null,
  switches: instance.switches,
  scimRoles: instance.scimRoles,
  brake: instance.brake,
  application:
    instance.application === null
      ? null
      : { ...instance.application, ...(instance.secret === undefined ? {} : { secret: instance.secret }) },
  defaultManager: instance.defaultManager,
  createdAt: instance.createdAt.toISOString(),
});
