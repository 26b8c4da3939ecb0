import { z } from 'zod';
import type { ScimClient } from './roster.js';
import { ask, expectStatus } from './validate-resource.js';

const memberSchema = z.object({ value: z.string(), display: z.string().optional(), type: z.string().optional() });

/** What tests read of a group. */
export const groupSchema = z.looseObject({
  id: z.string(),
  displayName: z.string(),
  members: z.array(memberSchema).default([]),
});

/** What a client asks about groups, of whichever instance it is at the moment. */
export function groupRequests(client: () => ScimClient) {
  const group = async (id: string) =>
    groupSchema.parse((await expectStatus(200, ask(client(), 'GET', `/Groups/${id}`))).body);
  return {
    group,
    membersOf: async (id: string): Promise<string[]> => (await group(id)).members.map(({ value }) => value).toSorted(),
    /** @returns the new group's id */
    create: async (body: Record<string, unknown> = {}): Promise<string> =>
      groupSchema.parse(
        (await expectStatus(201, ask(client(), 'POST', '/Groups', { displayName: 'West', ...body }))).body,
      ).id,
    patch: (id: string, ...Operations: unknown[]) =>
      ask(client(), 'PATCH', `/Groups/${id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations,
      }),
  };
}
