import { Command, Option } from 'commander';
import type pg from 'pg';
import type { Config } from '../config.js';
import { listProgress, type Progress, type Reason, STAGES, type Stage } from '../directory/progress-list.js';
import { storyHead } from '../directory/story.js';
import { runOf, runsUrl } from '../dispatch/temporal-ui.js';
import type { InstanceId } from '../ids.js';
import { showInstance } from '../instances/instances.js';
import { actOnInstance, actOnUser, USER_ACTIONS, type UserAction } from '../instances/operator-actions.js';
import { BY_CLI, temporalUi, withDatabase } from './context.js';
import { JSON_OPTION, type Json, print, printList, printOne } from './output.js';
import { reason, whom } from './texts.js';

const PAGE = 1_000;

/** What somebody can be stuck for; the other reasons are of who waits, is held or keeps access. */
const STUCK_FOR: readonly Reason[] = ['directory_unavailable', 'application_unreachable', 'application_refused'];

/** `roster stuck`: who is stuck, or in another stage, why, and where their runs are. */
export const stuckCommand = (config: Config): Command =>
  new Command('stuck')
    .description('show who is stuck in an instance, why, and the links to their runs')
    .argument('<instance>')
    .option('--held', 'show whom the brake holds instead')
    .addOption(
      new Option('--stage <stage>', 'show who is in another stage, such as "waiting for manager"')
        .choices(STAGES)
        .conflicts('held'),
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nWhat each reason means and what to do: docs/errors.md\n\nExamples:\n  $ roster stuck acme\n  $ roster stuck acme --stage "waiting for manager"',
    )
    .action(async (slug: string, options: Json & { held?: boolean; stage?: Stage }) => {
      const stage = options.held === true ? 'held' : (options.stage ?? 'stuck');
      const ui = await temporalUi(config);
      const { instance, stuck } = await withDatabase(config, async (pool) => {
        const { slug: instance } = await showInstance(pool, slug);
        const rows = await everybodyIn(pool, instance, stage);
        return { instance, stuck: rows.map((row) => ({ ...row, workflow: runOf(ui, instance, row.userId) })) };
      });
      const columns = {
        user: ({ userName }: (typeof stuck)[number]) => userName,
        id: ({ userId }: (typeof stuck)[number]) => userId,
        since: ({ since }: (typeof stuck)[number]) => since,
        reason: ({ reason }: (typeof stuck)[number]) => reason,
        message: ({ message }: (typeof stuck)[number]) => message,
      };
      printList(stuck, columns, options);
      if (options.json === true || stuck.length === 0) return;
      // Below the table, and not in it: a link that is broken into lines is none.
      const all =
        stage === 'stuck' || stage === 'held' ? `, all of them:\n  ${runsUrl(ui, instance, stage)}\nand each:` : ':';
      print(`\nIn the Temporal Web UI${all}`);
      for (const { userName, workflow } of stuck) print(`  ${userName}  ${workflow.url}`);
    });

async function everybodyIn(pool: pg.Pool, instance: InstanceId, stage: Stage): Promise<Progress[]> {
  const rows: Progress[] = [];
  for (;;) {
    const page = await listProgress(pool, instance, stage, { after: rows.at(-1)?.userId, limit: PAGE });
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}

/** `roster retry`: what operators do about it. */
export const retryCommand = (config: Config): Command =>
  new Command('retry')
    .description('try a stuck user again now, or all of an instance; or do something else about one')
    .argument('<instance>')
    .argument('[user]', 'an id or a userName; all who are stuck, where none is given')
    .requiredOption('--why <reason>', 'for the audit log', reason)
    .addOption(new Option('--code <reason code>', 'of all who are stuck, those of this reason').choices(STUCK_FOR))
    .addOption(new Option('--action <action>', 'for one user: what to do, retryNow unless told').choices(USER_ACTIONS))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nExamples:\n  $ roster retry acme --why "the application is back"\n  $ roster retry acme ada@acme.example --action abandon --why "left the company"',
    )
    .action(
      async (
        slug: string,
        user: string | undefined,
        options: { why: string; code?: Reason; action?: UserAction; json?: boolean },
      ) => {
        const { why, code, action } = options;
        if (user === undefined && action !== undefined) throw new Error('--action is for one user: name the user too.');
        if (user !== undefined && code !== undefined) {
          throw new Error('--code is for all who are stuck: leave it out, or the user.');
        }
        const accounts = await withDatabase(config, async (pool) => {
          const { slug: instance } = await showInstance(pool, slug);
          if (user === undefined) return actOnInstance(pool, instance, 'retryStuck', code, why, BY_CLI);
          const { userId } = await storyHead(pool, instance, whom(user));
          await actOnUser(pool, instance, userId, action ?? 'retryNow', why, BY_CLI);
          return 1;
        });
        printOne({ accounts }, { accounts }, options);
      },
    );
