import fc from 'fast-check';
import { ENTERPRISE_USER_SCHEMA as E } from '../../../src/scim/protocol/schema.js';

export type Json = Record<string, unknown>;

/** A value filter, as text, as what it does, and as what it says of an element that is to be made. */
export interface Condition {
  readonly text: string;
  readonly holds: (element: ReadonlyMap<string, unknown>) => boolean;
  /** Null for a filter that does not say what an element is like. */
  readonly describes: Json | null;
}

/** An operation in its canonical form; `at` null is one without a path. */
export type Operation =
  | { readonly op: 'add' | 'replace'; readonly at: null; readonly value: Json }
  | {
      readonly op: 'add' | 'replace' | 'remove';
      readonly at: string;
      readonly condition: Condition | null;
      readonly sub: string | null;
      readonly value: unknown;
    };

/** The operation as a client sends it. */
export function toBody(operation: Operation): Json {
  const { op, at, value } = operation;
  if (at === null) return { op, value };
  const { condition, sub } = operation;
  const path = `${at}${condition === null ? '' : `[${condition.text}]`}${sub === null ? '' : `.${sub}`}`;
  return op === 'remove' && value === null ? { op, path } : { op, path, value };
}

const word = fc.constantFrom('a', 'b', 'c@x.test', '');
/** Mostly somebody: a list with a member who is nobody is refused. */
const named = fc.oneof(
  { arbitrary: fc.constantFrom('a', 'b', 'c@x.test'), weight: 20 },
  { arbitrary: word, weight: 1 },
);
const type = fc.constantFrom('work', 'home');
const orNull = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: of, weight: 5 }, { arbitrary: fc.constant(null), weight: 1 });
const some = (shape: Record<string, fc.Arbitrary<unknown>>) =>
  fc.record(shape, { requiredKeys: [], noNullPrototype: true }).filter((one) => Object.keys(one).length > 0);

/** The members of an element of each list; group members have no type of their own. */
const elements: Record<string, Record<string, fc.Arbitrary<unknown>>> = {
  emails: { value: word, type, primary: fc.boolean(), display: word },
  roles: { value: word, type, primary: fc.boolean() },
  addresses: { type, locality: word, country: word, primary: fc.boolean() },
  members: { value: named, display: word },
};

const singles: Record<string, fc.Arbitrary<unknown>> = {
  userName: word.filter((text) => text !== ''),
  active: fc.boolean(),
  title: orNull(word),
  'name.givenName': orNull(word),
  name: some({ givenName: orNull(word), familyName: orNull(word) }),
  [`${E}:department`]: orNull(word),
  [`${E}:manager.value`]: orNull(word),
  [`${E}:manager`]: orNull(some({ value: word, displayName: word })),
};

const equals = (name: string, value: unknown): Condition => ({
  text: `${name} eq ${JSON.stringify(value)}`,
  holds: (element) => element.get(name) === value,
  describes: { [name]: value },
});

const both = (one: Condition, other: Condition): Condition => ({
  text: `${one.text} and ${other.text}`,
  holds: (element) => one.holds(element) && other.holds(element),
  describes: one.describes && other.describes && { ...one.describes, ...other.describes },
});

const either = (one: Condition, other: Condition): Condition => ({
  text: `${one.text} or ${other.text}`,
  holds: (element) => one.holds(element) || other.holds(element),
  describes: null,
});

const conditionOn = (list: string): fc.Arbitrary<Condition> => {
  const member = fc.constantFrom(...Object.keys(elements[list] ?? {}));
  const one = member.chain((name) => (elements[list]?.[name] ?? word).map((value) => equals(name, value)));
  const present = member.map(
    (name): Condition => ({
      text: `${name} pr`,
      holds: (element) => ![undefined, ''].includes(element.get(name) as string),
      describes: null,
    }),
  );
  return fc.oneof(
    one,
    fc.tuple(one, one).map(([a, b]) => both(a, b)),
    fc.tuple(one, one).map(([a, b]) => either(a, b)),
    present,
  );
};

const verb = fc.constantFrom('add' as const, 'replace' as const, 'remove' as const);

const onList = (list: string): fc.Arbitrary<Operation> => {
  const shape = elements[list] ?? {};
  const element =
    list === 'members'
      ? fc.oneof(
          { arbitrary: fc.record(shape, { requiredKeys: ['value'], noNullPrototype: true }), weight: 20 },
          some(shape),
        )
      : some(shape);
  const whole = fc
    .record({ op: verb, value: orNull(fc.array(element, { maxLength: 3 })) })
    .map(({ op, value }): Operation => ({ op, at: list, condition: null, sub: null, value }));
  const selected = fc.record({ op: verb, condition: conditionOn(list), value: orNull(element) }).map(
    ({ op, condition, value }): Operation => ({
      op,
      at: list,
      condition,
      sub: null,
      value: op === 'remove' ? null : value,
    }),
  );
  const part = fc
    .record({
      op: verb,
      condition: fc.option(conditionOn(list)),
      sub: fc.constantFrom(...Object.keys(elements[list] ?? {})),
    })
    .chain(({ op, condition, sub }) =>
      (elements[list]?.[sub] ?? word).map(
        (value): Operation => ({ op, at: list, condition, sub, value: op === 'remove' ? null : value }),
      ),
    );
  // What a member of a group is never changes.
  return list === 'members'
    ? fc.oneof(
        whole,
        selected.filter(({ op }) => op === 'remove'),
      )
    : fc.oneof(whole, selected, part);
};

const onSingle = fc
  .constantFrom(...Object.keys(singles))
  .chain((at) =>
    fc
      .tuple(verb, singles[at] ?? word)
      .map(([op, value]): Operation => ({ op, at, condition: null, sub: null, value: op === 'remove' ? null : value })),
  );

const pathless = fc
  .record({
    op: fc.constantFrom('add' as const, 'replace' as const),
    value: fc.record(
      {
        active: fc.boolean(),
        title: orNull(word),
        name: some({ givenName: orNull(word), familyName: orNull(word) }),
        emails: fc.array(some(elements['emails'] ?? {}), { maxLength: 2 }),
        [E]: some({ department: orNull(word), manager: orNull(some({ value: word, displayName: word })) }),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
  })
  .map(({ op, value }): Operation => ({ op, at: null, value }));

const operations = (one: fc.Arbitrary<Operation>) => fc.array(one, { minLength: 1, maxLength: 5 });

/** Up to five operations on a user. */
export const userOperations = operations(
  fc.oneof(onSingle, pathless, onList('emails'), onList('roles'), onList('addresses')),
);

const plainText = fc.constantFrom('a', 'b', 'c@x.test');
const changed = fc.constantFrom('add' as const, 'replace' as const);
const at = (path: string, op: fc.Arbitrary<'add' | 'replace' | 'remove'>, value: fc.Arbitrary<unknown>) =>
  fc.tuple(op, value).map(([verb, said]): Operation => {
    const [, list = path, type, sub] = /^(\w+)\[type eq "(\w+)"]\.(\w+)$/.exec(path) ?? [];
    const condition = type === undefined ? null : equals('type', type);
    return { op: verb, at: list, condition, sub: sub ?? null, value: verb === 'remove' ? null : said };
  });

/** Operations on a user in those shapes alone that scim-patch has right: no complex values, no nulls, no second primary. */
export const simpleUserOperations = operations(
  fc.oneof(
    ...['userName', 'title', 'name.givenName', `${E}:department`, `${E}:manager.value`].map((path) =>
      at(path, changed, plainText),
    ),
    ...['title', 'name.givenName', `${E}:department`, 'emails'].map((path) =>
      at(path, fc.constant('remove'), plainText),
    ),
    ...['emails[type eq "work"].value', 'emails[type eq "home"].value', 'addresses[type eq "work"].locality'].map(
      (path) => at(path, changed, plainText),
    ),
    fc
      .record(
        { active: fc.boolean(), title: plainText, displayName: plainText },
        { requiredKeys: [], noNullPrototype: true },
      )
      .map((value): Operation => ({ op: 'replace', at: null, value })),
  ),
);

/** Operations on a group that scim-patch has right: a member is added once, and the group is never empty. */
export const simpleGroupOperations = fc
  .uniqueArray(fc.constantFrom('c', 'd', 'e', 'f'), { minLength: 1, maxLength: 4 })
  .chain((added) =>
    fc.tuple(
      ...added.map((value) =>
        fc.oneof(
          fc.constant<Operation>({ op: 'add', at: 'members', condition: null, sub: null, value: [{ value }] }),
          fc.constantFrom('a', 'b', value).map(
            (gone): Operation => ({
              op: 'remove',
              at: 'members',
              condition: equals('value', gone),
              sub: null,
              value: null,
            }),
          ),
          fc
            .constant([{ value: 'z' }])
            .map((all): Operation => ({ op: 'replace', at: 'members', condition: null, sub: null, value: all })),
        ),
      ),
    ),
  );

/** Up to five operations on a group. */
export const groupOperations = operations(onList('members'));
