import { z } from 'zod';

const instanceSchema = z.object({
  managerWaitSeconds: z.number(),
  defaultManager: z.object({ id: z.string(), userName: z.string() }).nullable(),
  /** Not told by a Roster that has no switches. */
  switches: z
    .object({ createUsers: z.boolean(), updateAttributes: z.boolean(), deactivateUsers: z.boolean() })
    .optional(),
});

const accountSchema = z.object({
  id: z.string(),
  userName: z.string(),
  displayName: z.string(),
  title: z.string(),
  role: z.enum(['individual', 'manager', 'publisher', 'coach']),
  status: z.enum(['pending', 'active', 'suspended', 'refused']),
  manager: z
    .object({ id: z.string(), userName: z.string(), origin: z.enum(['assigned', 'default', 'none']) })
    .nullable(),
  team: z.object({ id: z.string(), name: z.string() }).nullable(),
  version: z.object({ asserted: z.number(), applied: z.number() }),
});
/** What is so of one account, as the admin API tells it. */
export type AccountView = z.infer<typeof accountSchema>;

const accountsSchema = z.object({ items: z.array(accountSchema) });

const progressSchema = z.object({
  items: z.array(
    z.object({
      userId: z.string(),
      userName: z.string(),
      stage: z.string(),
      reason: z.string().nullable(),
      message: z.string().nullable(),
      workflow: z.object({ url: z.string() }),
    }),
  ),
  nextCursor: z.string().nullable(),
});
export type ProgressView = z.infer<typeof progressSchema>['items'][number];

/** The parts of the admin API that a demo looks at. All throw an Error that says what was asked and what was answered. */
export interface AdminView {
  instance(): Promise<z.infer<typeof instanceSchema>>;
  account(id: string): Promise<AccountView>;
  accountByUserName(userName: string): Promise<AccountView | undefined>;
  /** Of these users, those in a stage. */
  inStage(stage: 'waiting for manager' | 'stuck', users: ReadonlySet<string>): Promise<ProgressView[]>;
}

const TIMEOUT_MS = 15_000;

/** Reads the effective state of one instance over HTTP. */
export function createAdminView(options: { adminUrl: string; adminToken: string; instance: string }): AdminView {
  const base = `${options.adminUrl.replace(/\/$/, '')}/instances/${encodeURIComponent(options.instance)}`;

  const get = async <Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> => {
    const url = `${base}${path}`;
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${options.adminToken}`, accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new Error(`Nothing answers at ${url}. Is that Roster running?`, { cause: error });
    });
    const text = await response.text();
    if (response.status === 401 || response.status === 403) {
      throw new Error(
        `The admin API refuses the operator token (${response.status}). Give a good one as --admin-token.`,
      );
    }
    if (!response.ok) throw new Error(`GET ${url} was answered with ${response.status}: ${text.slice(0, 300)}`);
    const parsed = schema.safeParse(jsonOf(text));
    if (!parsed.success)
      throw new Error(`GET ${url} was answered with something else: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  };

  return {
    instance: () => get('', instanceSchema),
    account: (id) => get(`/accounts/${encodeURIComponent(id)}`, accountSchema),
    accountByUserName: async (userName) => {
      const { items } = await get(`/accounts?${new URLSearchParams({ userName }).toString()}`, accountsSchema);
      return items[0];
    },
    inStage: async (stage, users) => {
      const found: ProgressView[] = [];
      let cursor: string | null = null;
      do {
        const query: string = new URLSearchParams({ stage, ...(cursor === null ? {} : { cursor }) }).toString();
        const page: z.infer<typeof progressSchema> = await get(`/progress?${query}`, progressSchema);
        found.push(...page.items.filter(({ userId }) => users.has(userId)));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return found;
    },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
