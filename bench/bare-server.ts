import Koa from 'koa';
import { v7 as uuid } from 'uuid';
import { readConfig, required } from '../src/config.js';
import { createPool } from '../src/database/pool.js';
import { listen } from '../src/http/listen.js';

/**
 * What the front door is held against: a process with Koa and pg that keeps one row a person (id, user_name, attributes)
 * and does nothing else. It reads no token, checks nothing and writes no account, audit row or kick. Its statements are
 * prepared, as Roster's are, and the number of all people is counted once, when it starts: counting for each list would
 * only make it slower. Lists are parsed (by pg) and serialised again (by Koa).
 */
const config = readConfig();
const pool = createPool({
  url: required(config.databaseUrl, 'DATABASE_URL'),
  max: config.databasePoolSize,
  applicationName: 'bare server',
  connectionTimeout: 5_000,
  statementTimeout: 10_000,
  onError: () => undefined,
});
const USERS = '/scim/v2/Users';

interface Row {
  readonly id: string;
  readonly user_name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const counted = await pool.query<{ total: number }>('select count(*)::integer as total from people');
const total = counted.rows[0]?.total ?? 0;

const COLUMNS = 'id, user_name, attributes';
const STATEMENTS = {
  insert: 'insert into people (id, user_name, attributes) values ($1, $2, $3)',
  find: `select ${COLUMNS} from people where id = $1`,
  filter: `select ${COLUMNS} from people where user_name = $1`,
  list: `select ${COLUMNS} from people order by id limit $1 offset $2`,
  patch: `update people set attributes = jsonb_set(attributes, '{active}', $2) where id = $1 returning ${COLUMNS}`,
};

const query = async (name: keyof typeof STATEMENTS, values: unknown[]): Promise<Row[]> =>
  (await pool.query<Row>({ name, text: STATEMENTS[name], values })).rows;

const shown = ({ id, user_name, attributes }: Row) => ({ id, userName: user_name, ...attributes });

async function bodyOf(context: Koa.Context): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of context.req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
}

async function create(context: Koa.Context): Promise<void> {
  const body = await bodyOf(context);
  const id = uuid();
  await query('insert', [id, body['userName'], body]);
  context.status = 201;
  context.body = { id, ...body };
}

async function list(context: Koa.Context): Promise<void> {
  const { filter, startIndex = '1', count = '100' } = context.query;
  const rows =
    filter === undefined
      ? await query('list', [Number(count), Number(startIndex) - 1])
      : await query('filter', [/^userName eq "(.*)"$/.exec(String(filter))?.[1]]);
  context.body = {
    totalResults: filter === undefined ? total : rows.length,
    startIndex: Number(startIndex),
    itemsPerPage: rows.length,
    Resources: rows.map(shown),
  };
}

async function patch(context: Koa.Context, id: string): Promise<void> {
  const { Operations } = (await bodyOf(context)) as { Operations?: [{ value: { active: boolean } }] };
  const [row] = await query('patch', [id, JSON.stringify(Operations?.[0].value.active)]);
  if (row !== undefined) context.body = shown(row);
}

const app = new Koa();
app.use(async (context) => {
  const id = context.path.slice(USERS.length + 1);
  if (context.method === 'POST') await create(context);
  else if (context.method === 'PATCH') await patch(context, id);
  else if (id === '') await list(context);
  else {
    const [row] = await query('find', [id]);
    if (row !== undefined) context.body = shown(row);
  }
});

const handle = app.callback();
const { port } = await listen((request, response) => void handle(request, response), config.host, config.port);
process.once('SIGTERM', () => process.exit(0));
process.send?.({ port });
