import type pg from 'pg';
import { z } from 'zod';
import { listStory, type StoryEntry, type StoryPlace, storyHead } from '../directory/story.js';
import { STORY_KINDS, tellEntry } from '../directory/story-text.js';
import { runOf, type TemporalUi } from '../dispatch/temporal-ui.js';
import { isUserId } from '../ids.js';
import { listOf } from './page.js';
import { notFound } from './problem.js';
import { type AdminRoute, fromQuery, instanceRoute } from './route.js';
import * as schemas from './schemas.js';

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;

const storyItem = z
  .strictObject({
    at: z.iso.datetime(),
    kind: z.enum(STORY_KINDS),
    code: z.string().meta({ description: 'The action or the type' }),
    text: z.string().meta({ description: 'In a sentence' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'What the sentence is made of' }),
  })
  .meta({ id: 'StoryItem' });

const cursor = z
  .string()
  .transform((text, context): StoryPlace => {
    const [at = '', rank = '', number = ''] = Buffer.from(text, 'base64url').toString().split(' ');
    const place = { at: new Date(at), rank: Number(rank), number: Number(number) };
    if (!Number.isNaN(place.at.getTime()) && Number.isInteger(place.rank) && Number.isSafeInteger(place.number))
      return place;
    context.addIssue('is not a cursor of this list; take nextCursor of the page before');
    return z.NEVER;
  })
  .meta({ description: 'nextCursor of the page before' });

const cursorOf = ({ at, rank, number }: StoryPlace): string =>
  Buffer.from(`${at.toISOString()} ${rank} ${number}`).toString('base64url');

export interface StoryRoutesOptions {
  readonly pool: pg.Pool;
  readonly temporalUi: TemporalUi;
}

/** `/instances/{slug}/accounts/{id}/story`: one user's history. */
export function storyRoutes({ pool, temporalUi }: StoryRoutesOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'getStory',
      summary:
        "One user's history, the oldest first: what was asserted, what was decided and why, what the application answered, what operators did",
      method: 'GET',
      path: '/instances/{slug}/accounts/{id}/story',
      role: 'viewer',
      input: fromQuery(
        z.strictObject({
          cursor: cursor.optional(),
          limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
        }),
      ),
      status: 200,
      answer: listOf(storyItem).extend({
        user: z.strictObject({
          userId: z.string(),
          userName: z.string(),
          managerReference: z.string().nullable().meta({ description: 'As Okta sent it last' }),
          stage: schemas.stage.nullable(),
          reason: schemas.reasonCode.nullable(),
          message: z.string().nullable(),
          workflow: z.strictObject({ id: z.string(), url: z.url() }),
        }),
      }),
      handle: async ({ instance, id, input }) => {
        if (!isUserId(id)) throw notFound(`There is no account ${id} in this instance.`);
        const head = await storyHead(pool, instance, { id });
        const entries = await listStory(pool, instance, id, input.cursor, input.limit + 1);
        const shown = entries.slice(0, input.limit);
        const last = shown.at(-1);
        return {
          user: { ...head, workflow: runOf(temporalUi, instance, id) },
          items: shown.map(present),
          nextCursor: entries.length > shown.length && last !== undefined ? cursorOf(last) : null,
        };
      },
    }),
  ];
}

function present(entry: StoryEntry): z.input<typeof storyItem> {
  const { source: _source, ...data } = entry.data;
  return { at: entry.at.toISOString(), ...tellEntry(entry), data };
}
