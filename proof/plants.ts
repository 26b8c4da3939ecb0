import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A mistake as it could have been made: texts of the build that are replaced by others. */
interface Plant {
  readonly what: string;
  /** The faults under which it comes to light. */
  readonly faults: string;
  /** What is said of it where it is found, so that nothing else counts. */
  readonly foundBy: RegExp;
  /** The only program that has it; all of them unless told otherwise. */
  readonly program?: string;
  readonly edits: readonly Edit[];
}

/** A text that is in a file of the build exactly once, and what stands there instead. */
type Edit = readonly [file: string, from: string, to: string];

const WRITES = 'src/directory/write-users.js';

/** The ten classic mistakes. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  'kick-outside': {
    what: 'the kick is written after the transaction of the change, not in it',
    faults: 'F3',
    foundBy: /^I9 somebody is behind/,
    edits: [
      [WRITES, `source from written where source <> 'import'\n`, `source from written where false\n`],
      [WRITES, `from account where source <> 'import' or revised`, `from account where false`],
      [
        WRITES,
        'const values = (',
        `const KICK = { name: 'kick_users', text: \`insert into kicks (instance_id, user_id, lane, source)
          select k.instance_id, k.id, case when a.wanted = 'active' then 1 else 0 end, 'scim'
          from unnest($1::text[], $2::uuid[]) as k (instance_id, id) join accounts a on a.instance_id = k.instance_id and a.id = k.id
          on conflict (instance_id, user_id) do update set nonce = nextval('kick_nonce'), taken_until = null\` };
        const afterwards = (query, assertions) => async (rows) => {
          await query(KICK, [assertions.map(({ instance }) => instance), assertions.map(({ user }) => user.id)]);
          return rows;
        };
        const values = (`,
      ],
      [
        WRITES,
        'await query(INSERT, values(assertions))',
        'await query(INSERT, values(assertions)).then(afterwards(query, assertions))',
      ],
      [
        WRITES,
        'await query(UPDATE, values(assertions))',
        'await query(UPDATE, values(assertions)).then(afterwards(query, assertions))',
      ],
      [
        WRITES,
        'await query(UPDATE_FREE, values(assertions))',
        'await query(UPDATE_FREE, values(assertions)).then(afterwards(query, assertions))',
      ],
    ],
  },
  'fence-removed': {
    what: 'a change is written whatever version it was computed from',
    faults: 'none',
    foundBy: /^F18/,
    edits: [[WRITES, ' and u.version = a.version - 1 ', ' ']],
  },
  'instance-dropped': {
    what: 'users are found by id or name alone, of whichever instance they are',
    faults: 'none',
    foundBy: /^I1[15] /,
    edits: [
      ['src/directory/users.js', 'join users u on u.instance_id = wanted.instance_id and u.', 'join users u on u.'],
    ],
  },
  'members-rewritten': {
    what: "a group's members are read, changed and written back as a list",
    faults: 'none',
    foundBy: /^I1 .*member/,
    edits: [
      [
        'src/directory/groups.js',
        'where instance_id = $1 and id = $2 for update',
        'where instance_id = $1 and id = $2',
      ],
      [
        'src/directory/groups.js',
        'm.group_id = $2 and m.member_key = any ($11::text[])',
        'm.group_id = $2 and m.member_key <> all ($6::text[]) and $11::text[] is not null',
      ],
      ['src/directory/groups.js', 'group, added, by), removed]', 'group, group.members, by), removed]'],
    ],
  },
  'fold-split': {
    what: 'the filter compares userNames by another fold than the one they are stored under',
    faults: 'none',
    foundBy: /^I15 filter/,
    edits: [['src/scim/list-users.js', 'userNameKey: foldUserName(userName)', 'userNameKey: userName']],
  },
  'waits-for-temporal': {
    what: 'a request is answered once Temporal has been told',
    faults: 'F5,F7',
    foundBy: /^F7/,
    edits: [
      [
        'src/server.js',
        'onWritten: dispatcher.wake,',
        `onWritten: async () => {
          dispatcher.wake();
          await client.withDeadline(Date.now() + 10_000, () => client.workflow.count()).catch(() => undefined);
        },`,
      ],
      [
        'src/scim/routes/users.js',
        'if (changed)\n            onWritten();',
        'if (changed)\n            await onWritten();',
      ],
    ],
  },
  'wake-up-missed': {
    what: 'whoever waits for somebody, or fell back, is not looked for when that one comes',
    faults: 'none',
    foundBy: /^I7/,
    edits: [['workflows/provision.js', 'await adoptAllReports(user);', '']],
  },
  'announcing-unclaimed': {
    what: 'whoever has something to tell the application tells it, whether or not another does',
    faults: 'F2,F14,F17',
    foundBy: /^guard 7/,
    edits: [
      [
        'src/database/migrations/20261125110000_create_announcements.js',
        `and is_to_be_told(a)
    and (a.announcing_until is null or a.announcing_until < clock_timestamp())`,
        'and is_to_be_told(a)',
      ],
    ],
  },
  'workflow-unpatched': {
    what: 'one worker has the steps of a run in another order, without `patched`',
    faults: 'F1',
    foundBy: /TMPRL1100/,
    program: 'worker 2',
    edits: [
      ['workflows/provision.js', 'await adoptAllReports(user);', ''],
      [
        'workflows/provision.js',
        'return (await joinTeams(at))',
        'await adoptAllReports(user);\n    return (await joinTeams(at))',
      ],
    ],
  },
  'token-remembered': {
    what: 'a token that was good once is good for ten minutes',
    faults: 'F24',
    foundBy: /^F24/,
    edits: [['src/instances/authenticate-token.js', 'REMEMBERED_MS = 1_000', 'REMEMBERED_MS = 600_000']],
  },
};

/** Makes a copy of the build with a mistake in it. @throws Error where there is no such mistake, or the build has no such text */
export async function plantedBuild(
  name: string,
  build: string,
): Promise<{ plant: Plant; build: (program: string) => string; remove: () => Promise<void> }> {
  const plant = PLANTS[name];
  if (plant === undefined) throw new Error(`There is no plant ${name}. There are: ${Object.keys(PLANTS).join(', ')}`);
  const copy = `${build}-${name}`;
  await rm(copy, { recursive: true, force: true });
  await cp(build, copy, { recursive: true });
  for (const [file, from, to] of plant.edits) {
    const path = join(copy, file);
    const text = await readFile(path, 'utf8');
    if (text.split(from).length !== 2)
      throw new Error(`${name}: ${file} has this ${text.split(from).length - 1} times, not once:\n${from}`);
    await writeFile(
      path,
      text.replace(from, () => to),
    );
  }
  return {
    plant,
    build: (program) => (plant.program === undefined || plant.program === program ? copy : build),
    remove: () => rm(copy, { recursive: true, force: true }),
  };
}
