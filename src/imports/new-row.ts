import type { NewRow } from '../directory/import-rows.js';
import { ROLES } from '../directory/roles.js';
import { foldUserName, isUnstorable, MAX_USER_NAME_CHARACTERS } from '../scim/protocol/text.js';
import { type Columns, columnOf, type ImportAttribute, type ImportAttributes } from './columns.js';
import { activeOf } from './decide-row.js';
import { unguardFormula } from './formulas.js';
import type { FileRow } from './read-file.js';

/** Whether it is somebody's is not seen here; that a column of something else was mapped to it is. */
const E_MAIL = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u;

/** What of a row can be seen at once to be wrong; the rest is decided page by page. */
export function newRow({ line, cells, fault }: FileRow, columns: Columns): NewRow {
  const said: ImportAttributes = {};
  for (const [at, attribute] of columns.attributes.entries()) {
    const text = attribute === undefined ? '' : unguardFormula(cells[at] ?? '').trim();
    if (attribute !== undefined && text !== '') said[attribute] = attribute === 'role' ? text.toLowerCase() : text;
  }
  const isWhole = !cells.some(isUnstorable);
  const userName = said.userName ?? said.email ?? null;
  const wrong = fault === undefined ? faultOf(said, cells, columns, isWhole) : ({ reason: fault } as const);
  const at = 'attribute' in wrong && wrong.attribute !== undefined ? columnOf(columns, wrong.attribute) : undefined;
  return {
    line,
    cells: isWhole ? cells : cells.map((cell) => cell.replaceAll(/[\0\p{Surrogate}]/gu, '?')),
    attributes: wrong.reason === undefined ? said : null,
    userName: isWhole ? (userName?.slice(0, MAX_USER_NAME_CHARACTERS) ?? null) : null,
    userNameKey:
      isWhole && fault === undefined && userName !== null && userName.length <= MAX_USER_NAME_CHARACTERS
        ? foldUserName(userName)
        : null,
    fault: at,
    reason: wrong.reason,
  };
}

function faultOf(
  said: Readonly<ImportAttributes>,
  cells: readonly string[],
  { names }: Columns,
  isWhole: boolean,
): { readonly attribute?: ImportAttribute; readonly reason?: string } {
  if (cells.length > names.length) return { reason: `has ${cells.length} fields where the header has ${names.length}` };
  if (!isWhole) return { reason: 'contains a NUL character or half of a surrogate pair' };
  if (said.userName === undefined && said.email === undefined) return { attribute: 'email', reason: 'is missing' };
  if ((said.userName ?? said.email ?? '').length > MAX_USER_NAME_CHARACTERS) {
    return { attribute: 'email', reason: `is longer than ${MAX_USER_NAME_CHARACTERS} characters` };
  }
  for (const attribute of ['userName', 'email'] as const) {
    if (said[attribute] !== undefined && !E_MAIL.test(said[attribute])) return { attribute, reason: 'is no e-mail' };
  }
  if (said.role !== undefined && !ROLES.some((role) => role === said.role)) {
    return { attribute: 'role', reason: `is none of ${ROLES.join(', ')}` };
  }
  if (said.active !== undefined && activeOf(said.active) === undefined) {
    return { attribute: 'active', reason: 'is neither true nor false' };
  }
  return {};
}
