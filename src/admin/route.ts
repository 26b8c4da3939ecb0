import type { Readable } from 'node:stream';
import type pg from 'pg';
import { z } from 'zod';
import type { Actor } from '../directory/users.js';
import type { TemporalUi } from '../dispatch/temporal-ui.js';
import type { InstanceId } from '../ids.js';
import type { EveryInstanceRole, OperatorRole } from '../instances/operator-tokens.js';
import { unsupportedMediaType } from '../scim/protocol/errors.js';
import { invalidRequest } from './problem.js';

/** One authenticated and authorized request. Only the endpoint makes one, so no handler is reached without a role. */
interface AdminRequest {
  /** Who asks, for the audit log. */
  readonly by: Actor;
  readonly role: OperatorRole;
  /** What stands for `{id}` in the path: any text; empty where the path has none. */
  readonly id: string;
  readonly query: Readonly<Record<string, unknown>>;
  /** Which of these media types the client likes best. */
  readonly accepts: (...types: string[]) => string | false;
  /** The instance that the path names, if whoever asks may know of it. @throws RefusedError `instance_unknown` */
  readonly findInstance: () => Promise<InstanceId>;
  /** The body as it comes. */
  readonly upload: Upload;
  /** Reads and parses the body. @throws ScimError 400, 413, 415 */
  readonly readBody: () => Promise<Record<string, unknown>>;
}

/** A body that is read by its handler, as it comes. */
export interface Upload {
  readonly bytes: Readable;
  /** The media type, without parameters, in lower case. */
  readonly type: string;
  /** As the media type says it, in lower case; empty where it does not. */
  readonly charset: string;
  /** Compressed, or anything else than as it is. */
  readonly isEncoded: boolean;
  /** The header Idempotency-Key. */
  readonly idempotencyKey: string | null;
}

/** An answer that says where the thing is that was made. */
export class Located<Body> {
  readonly location: string;
  readonly body: Body;

  constructor(location: string, body: Body) {
    this.location = location;
    this.body = body;
  }
}

/** An answer that is no JSON: text of a media type, as it comes. */
export class Download {
  readonly type: string;
  readonly text: AsyncIterable<string>;

  constructor(type: string, text: AsyncIterable<string>) {
    this.type = type;
    this.text = text;
  }
}

/** What a route takes beside its path, and how that is read and checked. */
interface Input<Value> {
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The media types of a body that is no JSON. */
  readonly uploads?: readonly string[];
  /** @throws ProblemError 400 `invalid_request`; ScimError 400, 413, 415 */
  readonly read: (request: AdminRequest) => Promise<Value>;
}

/** What a route says of itself: the endpoint mounts by it, and the OpenAPI document is made of it. */
interface Shape {
  /** The operation's name in the document. */
  readonly name: string;
  readonly summary: string;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/admin/v1`, as in OpenAPI: `{slug}` stands for an instance, `{id}` for an id. */
  readonly path: string;
  /** What the audit log calls the change where it is refused; the name where this is left out. */
  readonly audited?: string;
  /** Whose audit log keeps a refusal, by the path's id, where the path names no instance. */
  readonly instanceOf?: (id: string) => Promise<InstanceId | undefined>;
  /** The least that may: whoever's role is this one or above. */
  readonly role: OperatorRole;
  /** The status of the answer; 204 is one without a body. */
  readonly status: 200 | 201 | 202 | 204;
  /** When the answer is 404, where that is not about the path. */
  readonly missing?: string;
  /** When the answer is 409. */
  readonly conflict?: string;
  /** When the answer is 422. */
  readonly unprocessable?: string;
  /** The media types of an answer that is no JSON, or need not be. */
  readonly downloads?: readonly string[];
  /** When the answer is 410. */
  readonly gone?: string;
}

interface Definition<Value, Answer extends z.ZodType, Call> extends Shape {
  readonly input: Input<Value>;
  /** What the answer is as JSON; left out where it has no body, or is a download only. */
  readonly answer?: Answer;
  readonly handle: (call: Call) => Promise<z.input<Answer> | Located<z.input<Answer>> | Download>;
}

/** What a handler gets: who asks, the path's id, and the input as its schema made it. */
interface Call<Value> extends Pick<AdminRequest, 'by' | 'role' | 'id' | 'accepts'> {
  readonly input: Value;
}

interface InstanceCall<Value> extends Call<Value> {
  readonly instance: InstanceId;
}

/** What routes need that change something. */
export interface WritingRoutesOptions {
  readonly pool: pg.Pool;
  /** Called after each committed write: there may be a kick to send. */
  readonly onWritten: () => void;
}

/** What routes need that show runs. */
export interface ShowingRunsOptions {
  readonly pool: pg.Pool;
  readonly temporalUi: TemporalUi;
}

/** A route ready to be mounted. Its handler gives the answer's body, or undefined. */
export interface AdminRoute extends Shape {
  readonly input: Input<unknown>;
  readonly answer?: z.ZodType;
  readonly handle: (request: AdminRequest) => Promise<unknown>;
}

/** A route that is about no instance in particular: nothing for whoever is to see one only. */
export const route = <Value, Answer extends z.ZodType>(
  definition: Definition<Value, Answer, Call<Value>> & { readonly role: EveryInstanceRole },
): AdminRoute => ({
  ...definition,
  handle: async (request) =>
    definition.handle({
      by: request.by,
      role: request.role,
      id: request.id,
      accepts: request.accepts,
      input: await definition.input.read(request),
    }),
});

/** A route below `/instances/{slug}`: an unknown instance is a 404 before anything else of the request is looked at. */
export const instanceRoute = <Value, Answer extends z.ZodType>(
  definition: Definition<Value, Answer, InstanceCall<Value>>,
): AdminRoute => ({
  ...definition,
  handle: async (request) => {
    const instance = await request.findInstance();
    const input = await definition.input.read(request);
    const { by, role, id, accepts } = request;
    return definition.handle({ instance, by, role, id, accepts, input });
  },
});

/** The query string; a parameter that the schema does not know is refused, so that a typo is told. */
export const fromQuery = <Schema extends z.ZodObject>(schema: Schema): Input<z.output<Schema>> => ({
  query: schema,
  read: async ({ query }) => checked(schema, query),
});

/** No input but the path. */
export const nothing = fromQuery(z.strictObject({}));

/** A JSON body, and no query string. */
export const fromBody = <Schema extends z.ZodType>(schema: Schema): Input<z.output<Schema>> => ({
  body: schema,
  read: async (request) => {
    await nothing.read(request);
    return checked(schema, await request.readBody());
  },
});

const PLAIN = /^(?:utf-?(?:8|16(?:le|be)?)|us-ascii|)$/;

/** A body of one of these media types, which the handler reads as it comes, and a query string. */
export const fromUpload = <Schema extends z.ZodObject, Type extends string>(
  schema: Schema,
  types: readonly Type[],
): Input<{ query: z.output<Schema>; type: Type; upload: Upload }> => ({
  query: schema,
  uploads: types,
  read: async ({ query, upload }) => {
    const type = types.find((each) => each === upload.type);
    if (type === undefined) throw unsupportedMediaType(`The body must be ${types.join(' or ')}`);
    if (!PLAIN.test(upload.charset) || upload.isEncoded) {
      throw unsupportedMediaType('The body must be UTF-8, or UTF-16 with a byte order mark, and not compressed');
    }
    return { query: checked(schema, query), type, upload };
  },
});

function checked<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalidRequest(parsed.error.issues.flatMap(faultsOf));
  return parsed.data;
}

function faultsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${[...issue.path, key].join('.')}: is not known here`);
  }
  const place = issue.path.join('.');
  return [place === '' ? issue.message : `${place}: ${issue.message}`];
}
