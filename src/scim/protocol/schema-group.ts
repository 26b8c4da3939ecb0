import { type AttributeDefinition, complex, reference, string } from './attribute.js';

export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';

/** RFC 7643 section 4.2, and `members.display`, which clients send (section 2.4). */
export const groupAttributes: readonly AttributeDefinition[] = [
  string('displayName', 'The name of the group for people to read.', { required: true }),
  complex(
    'members',
    'The members of the group.',
    [
      string('value', "The member's id.", { required: true, caseExact: true, mutability: 'immutable' }),
      reference('$ref', "The member's URI.", { mutability: 'immutable', referenceTypes: ['User'] }),
      string('type', 'What the member is.', { mutability: 'immutable', canonicalValues: ['User'] }),
      string('display', "The member's name.", { mutability: 'immutable' }),
    ],
    // Limited by the size of the body alone: groups of whole companies are pushed.
    { multiValued: true, maxValues: Number.POSITIVE_INFINITY },
  ),
];
