import { isScimObject, newObject, type ScimObject, type ScimValue } from './scim-object.js';
import { isBlank } from './text.js';

/**
 * Fills in, for a new user, what Okta needs to see on everybody and was not given: given name, family name and an
 * e-mail, from the userName. Called once, at creation; what a client removes later stays removed.
 */
export function withDerivedNames(resource: ScimObject): ScimObject {
  const userName = resource['userName'];
  if (typeof userName !== 'string') return resource;
  const result = newObject();
  for (const key of Object.keys(resource)) result[key] = resource[key] ?? null;
  result['name'] = nameOf(resource['name'], userName);
  result['emails'] = emailsOf(resource['emails'], userName);
  return result;
}

function nameOf(given: ScimValue | undefined, userName: string): ScimObject {
  const name = newObject();
  if (isScimObject(given)) for (const key of Object.keys(given)) name[key] = given[key] ?? null;
  const derived = namesFrom(userName);
  if (!saysSomething(name['givenName'])) name['givenName'] = derived.givenName;
  if (!saysSomething(name['familyName'])) name['familyName'] = derived.familyName;
  return name;
}

function emailsOf(given: ScimValue | undefined, userName: string): ScimValue {
  const usable = Array.isArray(given)
    ? given.filter((email) => isScimObject(email) && saysSomething(email['value']))
    : [];
  if (usable.length > 0) return usable;
  const email = newObject();
  email['value'] = userName;
  email['type'] = 'work';
  email['primary'] = true;
  return [email];
}

const saysSomething = (value: ScimValue | undefined): boolean => typeof value === 'string' && !isBlank(value);

/**
 * `ada.lane@x.test` is Ada Lane, `ada.m.lane+test@x.test` Ada M Lane; one word serves as both names.
 * A userName without a letter or digit before its `@` is taken as it is.
 */
function namesFrom(userName: string): { givenName: string; familyName: string } {
  const at = userName.lastIndexOf('@');
  const local = at > 0 ? userName.slice(0, at) : userName;
  const tag = local.indexOf('+');
  const words = (tag > 0 ? local.slice(0, tag) : local)
    .split(/[^\p{L}\p{M}\p{N}'’-]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word));
  const [first, ...others] = words.map(capitalised);
  if (first === undefined) return { givenName: userName, familyName: userName };
  return { givenName: first, familyName: others.length > 0 ? others.join(' ') : first };
}

/** Capitalises the first letter and leaves the rest: `McCoy` and `de-Vries` are people's own spelling. */
function capitalised(word: string): string {
  const [initial = ''] = word;
  return initial.toUpperCase() + word.slice(initial.length);
}
