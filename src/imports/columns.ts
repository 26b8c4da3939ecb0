import { RefusedError } from '../errors.js';

/** What a column of a file can say of somebody. */
export const IMPORT_ATTRIBUTES = [
  'email',
  'userName',
  'givenName',
  'familyName',
  'displayName',
  'title',
  'role',
  'manager',
  'externalId',
  'active',
] as const;
export type ImportAttribute = (typeof IMPORT_ATTRIBUTES)[number];

/** What one row says: texts that are not blank. */
export type ImportAttributes = Partial<Record<ImportAttribute, string>>;

/** Header names, folded, beside the attributes' own. */
const SYNONYMS: Readonly<Record<string, ImportAttribute>> = {
  firstname: 'givenName',
  lastname: 'familyName',
  manageremail: 'manager',
  team: 'manager',
};

/** What a rejects file has besides, so that it can be sent again as it is. */
export const REJECT_COLUMNS = ['line', 'column', 'reason'] as const;

/** Header names compare without regard to case, space, `-` and `_`. */
export const foldColumn = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');

/** More are no columns but data: each row would have a cell for each of them. */
const MAX_COLUMNS = 1_000;

const BY_NAME: ReadonlyMap<string, ImportAttribute> = new Map([
  ...IMPORT_ATTRIBUTES.map((attribute) => [foldColumn(attribute), attribute] as const),
  ...Object.entries(SYNONYMS),
]);

/** The columns of a file, in its order. */
export interface Columns {
  /** As the file writes them. */
  readonly names: readonly string[];
  /** What each says; undefined for one that is ignored. */
  readonly attributes: readonly (ImportAttribute | undefined)[];
  /** Those that are ignored and that no rejects file has. */
  readonly unknown: readonly string[];
}

/**
 * Says what each column means. `mapping` has the names of columns, as the file writes them or folded, with what they say. Of two that say
 * the same the first counts. A file that has no column for the e-mail has nobody in it.
 * @throws RefusedError `invalid_import`
 */
export function mapColumns(names: readonly string[], mapping: ReadonlyMap<string, ImportAttribute>): Columns {
  if (names.length > MAX_COLUMNS)
    throw invalidImport(
      `There are more than ${MAX_COLUMNS} columns. A row is one person; of JSON, the names in its objects are the columns.`,
    );
  const wanted = new Map([...mapping].map(([name, attribute]) => [foldColumn(name), attribute]));
  const absent = [...mapping.keys()].filter((name) => !names.some((given) => foldColumn(given) === foldColumn(name)));
  if (absent.length > 0)
    throw invalidImport(`The mapping names columns that the file does not have: ${absent.join(', ')}`);
  const taken = new Set<ImportAttribute>(wanted.values());
  const used = new Set<ImportAttribute>();
  const attributes = names.map((name) => {
    const key = foldColumn(name);
    const attribute = wanted.get(key) ?? without(taken, BY_NAME.get(key));
    if (attribute === undefined || used.has(attribute)) return undefined;
    used.add(attribute);
    return attribute;
  });
  const ignored: readonly string[] = REJECT_COLUMNS;
  return {
    names,
    attributes,
    unknown: names.filter(
      (name, at) => attributes[at] === undefined && name.trim() !== '' && !ignored.includes(foldColumn(name)),
    ),
  };
}

/** @throws RefusedError `invalid_import` where nobody could be told by these columns */
export function assertNamesPeople({ attributes, names }: Columns): void {
  if (attributes.includes('email') || attributes.includes('userName')) return;
  throw invalidImport(
    `No column has the e-mail. Call it email or userName, or map it, as "Work mail:email" (--mapping, or mapping in the query). The columns are: ${names.join(', ')}`,
  );
}

/** The column that says this, as the file calls it. */
export function columnOf(
  { names, attributes }: { readonly names: readonly string[]; readonly attributes: readonly (string | undefined)[] },
  attribute: string,
): string {
  const at = attributes.findIndex((each) => each === attribute);
  if (at >= 0) return names[at] ?? attribute;
  return attribute === 'email' ? columnOf({ names, attributes }, 'userName') : attribute;
}

const without = (
  taken: ReadonlySet<ImportAttribute>,
  attribute: ImportAttribute | undefined,
): ImportAttribute | undefined => (attribute !== undefined && taken.has(attribute) ? undefined : attribute);

export const invalidImport = (message: string): RefusedError => new RefusedError('invalid_import', message);

/**
 * What a mapping says, such as `Work mail:email,Boss:manager`.
 * @throws RefusedError `invalid_import`
 */
export function readMapping(text: string): Map<string, ImportAttribute> {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '');
  return new Map(
    pairs.map((pair) => {
      const colon = pair.lastIndexOf(':');
      const name = pair.slice(0, colon).trim();
      const attribute = BY_NAME.get(foldColumn(pair.slice(colon + 1)));
      if (colon < 1 || name === '' || attribute === undefined) {
        throw invalidImport(
          `The mapping "${pair.trim()}" is not <column>:<attribute>; the attributes are ${IMPORT_ATTRIBUTES.join(', ')}`,
        );
      }
      return [name, attribute];
    }),
  );
}
