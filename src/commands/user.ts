import { Command } from 'commander';
import type pg from 'pg';
import type { Config } from '../config.js';
import { listStory, type StoryEntry, storyHead } from '../directory/story.js';
import { tellEntry } from '../directory/story-text.js';
import { runOf } from '../dispatch/temporal-ui.js';
import { type InstanceId, isUserId, type UserId } from '../ids.js';
import { eraseUser } from '../instances/erase-user.js';
import { showInstance } from '../instances/instances.js';
import { BY_CLI, temporalUi, withDatabase } from './context.js';
import { JSON_OPTION, print, printOne } from './output.js';
import { reason, whom } from './texts.js';

const PAGE = 1_000;

/** `roster user`: one user's history, and the end of it. */
export function userCommand(config: Config): Command {
  const command = new Command('user')
    .description('look at one user, or erase who it was')
    .addHelpText('after', '\nExample:\n  $ roster user show acme ada@acme.example');

  command
    .command('show <instance> <user>')
    .description(
      "tell one user's history: what Okta asserted, what was decided and why, what the application answered; the last two for 30 days",
    )
    .option(...JSON_OPTION)
    .addHelpText('after', '\nThe user is an id or a userName.\n\nExample:\n  $ roster user show acme ada@acme.example')
    .action(async (slug: string, who: string, options: { json?: boolean }) => {
      const ui = await temporalUi(config);
      await withDatabase(config, async (pool) => {
        const { slug: instance } = await showInstance(pool, slug);
        const head = await storyHead(pool, instance, whom(who));
        const items = (await wholeStory(pool, instance, head.userId)).map((entry) => ({
          at: entry.at,
          ...tellEntry(entry),
        }));
        const workflow = runOf(ui, instance, head.userId);
        if (options.json === true) return print(JSON.stringify({ user: { ...head, workflow }, items }, null, 2));
        const { userId, userName, managerReference, stage, reason, message } = head;
        const lines = {
          user: userName,
          id: userId,
          'named manager': managerReference,
          stage,
          reason,
          message,
          run: workflow.url,
        };
        printOne(head, lines, options);
        for (const { at, kind, text } of items) print(`${at.toISOString()}  ${kind.padEnd(8)}  ${text}`);
      });
    });

  command
    .command('erase <instance> <id>')
    .description('erase a user who is off for good: names, addresses and notes go, the id and the audit chain stay')
    .requiredOption('--why <reason>', 'for the audit log; do not name the person', reason)
    .requiredOption('--yes', 'that it cannot be undone')
    .option(...JSON_OPTION)
    .addHelpText('after', '\nExample:\n  $ roster user erase acme 0190b2c4-\u2026 --why "request 4711" --yes')
    .action(async (slug: string, id: string, options: { why: string; json?: boolean }) => {
      if (!isUserId(id)) throw new Error(`"${id}" is no user id; roster user show tells it.`);
      await withDatabase(config, async (pool) => {
        const { slug: instance } = await showInstance(pool, slug);
        await eraseUser(pool, instance, id, options.why, BY_CLI);
      });
      printOne({ id, erased: true }, { id, erased: true }, options);
    });

  return command;
}

async function wholeStory(pool: pg.Pool, instance: InstanceId, user: UserId): Promise<StoryEntry[]> {
  const story: StoryEntry[] = [];
  for (;;) {
    const page = await listStory(pool, instance, user, story.at(-1), PAGE);
    story.push(...page);
    if (page.length < PAGE) return story;
  }
}
