import { isSameJson } from '../json.js';
import { ENTERPRISE_USER_SCHEMA } from './protocol/schema.js';
import { isScimObject, type ScimObject } from './protocol/scim-object.js';

/** The names of the attributes in which two states of a user differ; those of the enterprise extension by their own names. */
export function changedAttributes(before: ScimObject, after: ScimObject): string[] {
  const names: string[] = [];
  for (const name of namesOf(before, after)) {
    if (isSameJson(before[name], after[name])) continue;
    if (name === ENTERPRISE_USER_SCHEMA)
      names.push(...changedAttributes(objectAt(before, name), objectAt(after, name)));
    else names.push(name);
  }
  return names;
}

const namesOf = (before: ScimObject, after: ScimObject): string[] => [
  ...Object.keys(after),
  ...Object.keys(before).filter((name) => !Object.hasOwn(after, name)),
];

function objectAt(of: ScimObject, name: string): ScimObject {
  const value = of[name];
  return isScimObject(value) ? value : {};
}
