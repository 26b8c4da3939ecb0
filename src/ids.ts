import { v7 as uuid } from 'uuid';

/**
 * Branded identifiers: strings that the compiler keeps apart, so that an `externalId` (an opaque label that a customer
 * chooses) can never stand where an account's id is wanted.
 */
type Brand<Name extends string> = string & { readonly __brand: Name };

/** An instance's slug, which is its key in every table and in every workflow id. */
export type InstanceId = Brand<'InstanceId'>;
/** A SCIM User's id and, since they are one person, their account's id: a UUID version 7, in lower case. */
export type UserId = Brand<'UserId'>;
/** A SCIM Group's id: a UUID version 7, in lower case. */
export type GroupId = Brand<'GroupId'>;
/** What the customer calls a user: any text, not unique, never a key into our tables. */
export type ExternalId = Brand<'ExternalId'>;

/** Any text can be an externalId: what makes it one is where it stood. */
export const toExternalId = (text: string): ExternalId => text as ExternalId;

/** Stands where the audit log wants an instance and there is none: operator tokens are the installation's. No slug can be it. */
export const INSTALLATION = '-' as InstanceId;

/** The copy of an instance on which an import is rehearsed, within one transaction. No slug can be it. */
export const stageOf = (importId: string): InstanceId => `~${importId}` as InstanceId;

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for 1 to 40 characters of a-z, 0-9 and inner hyphens. */
export const isInstanceId = (text: string): text is InstanceId => SLUG.test(text);

/** True for what every id of ours but a slug looks like: a UUID, in lower case. */
export const isId = (text: string): boolean => UUID.test(text);

/** True for a UUID as we write them; an id of any other shape belongs to nobody (RFC 7643 section 3.1: ids are case-exact). */
export const isUserId = (text: string): text is UserId => UUID.test(text);

/** A new id of anything else that is listed by its age: a UUID version 7. */
export const newId = (): string => uuid();

/** True for what a group's id looks like: as a user's. */
export const isGroupId = (text: string): text is GroupId => UUID.test(text);

export const newGroupId = (): GroupId => uuid() as GroupId;

/** A new id: UUIDs version 7 are in the order of creation, so that lists are stable and new rows lie together. */
export const newUserId = (): UserId => uuid() as UserId;
