import { z } from 'zod';
import { listStory, type StoryEntry, type StoryPlace, storyHead } from '../directory/story.js';
import { STORY_KINDS, tellEntry } from '../directory/story-text.js';
import { runOf } from '../dispatch/temporal-ui.js';
import { accountId } from './account-id.js';
import { listOf, pageBy, pageQueryOf } from './page.js';
import { type AdminRoute, fromQuery, instanceRoute, type ShowingRunsOptions } from './route.js';
import * as schemas from './schemas.js';

const storyItem = z
  .strictObject({
    at: z.iso.datetime(),
    kind: z.enum(STORY_KINDS),
    code: z.string().meta({ description: 'The action or the type' }),
    text: z.string().meta({ description: 'In a sentence' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'What the sentence is made of' }),
  })
  .meta({ id: 'StoryItem' });

export const story = listOf(storyItem).extend({
  user: z.strictObject({
    userId: z.string(),
    userName: z.string(),
    managerReference: z.string().nullable().meta({ description: 'As Okta sent it last' }),
    stage: schemas.stage.nullable(),
    reason: schemas.reasonCode.nullable(),
    message: z.string().nullable(),
    workflow: z.strictObject({ id: z.string(), url: z.url() }),
  }),
});

/** The ranks that `listStory` gives. */
const MAX_RANK = 3;
const LAST_YEAR = 9_999;

const { query, cursorOf } = pageQueryOf<StoryPlace>({
  write: ({ at, rank, number }) => `${at.toISOString()} ${rank} ${number}`,
  read: (text) => {
    const [at = '', rank = '', number = ''] = text.split(' ');
    const place = { at: new Date(at), rank: Number(rank), number: Number(number) };
    const year = place.at.getUTCFullYear();
    const isPlace =
      year >= 1970 &&
      year <= LAST_YEAR &&
      Number.isInteger(place.rank) &&
      place.rank >= 0 &&
      place.rank <= MAX_RANK &&
      Number.isSafeInteger(place.number);
    return isPlace ? place : undefined;
  },
});

/** `/instances/{slug}/accounts/{id}/story`: one user's history. */
export function storyRoutes({ pool, temporalUi }: ShowingRunsOptions): AdminRoute[] {
  return [
    instanceRoute({
      name: 'getStory',
      summary:
        "One user's history, the oldest first: what was asserted, what was decided and why, what the application answered, what operators did; decisions and answers of the last 30 days",
      method: 'GET',
      path: '/instances/{slug}/accounts/{id}/story',
      role: 'viewer',
      input: fromQuery(z.strictObject(query)),
      status: 200,
      answer: story,
      handle: async ({ instance, id: given, input }) => {
        const id = accountId(given);
        const head = await storyHead(pool, instance, { id });
        const { items, nextCursor } = await pageBy(
          input,
          (part) => listStory(pool, instance, id, part.after, part.limit),
          cursorOf,
        );
        return { user: { ...head, workflow: runOf(temporalUi, instance, id) }, items: items.map(present), nextCursor };
      },
    }),
  ];
}

function present(entry: StoryEntry): z.input<typeof storyItem> {
  const { source: _source, ...data } = entry.data;
  return { at: entry.at.toISOString(), ...tellEntry(entry), data };
}
