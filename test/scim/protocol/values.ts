import assert from 'node:assert/strict';
import type { ScimObject } from '../../../src/scim/protocol/scim-object.js';

/** As a client sees it, and as `deepEqual` can compare it: with ordinary prototypes. */
export const plain = (value: unknown): ScimObject => JSON.parse(JSON.stringify(value));

/** The value with everything in it frozen: whoever writes to it fails. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member);
    Object.freeze(value);
  }
  return value;
}

/** Every name that an ordinary object inherits. */
export const prototypeNames = [...Object.getOwnPropertyNames(Object.prototype), 'prototype'];

const prototypes = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const inventory = () => prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

/** Runs something and asserts that no prototype has gained or lost a property. */
export function unpolluted(action: () => void): void {
  const before = inventory();
  action();
  assert.deepEqual(inventory(), before);
}
