import { complex, dateTime, reference, string } from './attribute.js';

/** The attributes every resource has (RFC 7643 section 3.1); they belong to no schema of their own. */
export const commonAttributes = [
  reference('schemas', 'The URIs of the schemas whose attributes the resource has.', {
    multiValued: true,
    mutability: 'readOnly',
    returned: 'always',
  }),
  string('id', 'The identifier that this service provider gave the resource.', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  string('externalId', "The client's own identifier of the resource.", { caseExact: true }),
  complex(
    'meta',
    'What the service provider knows about the resource itself.',
    [
      string('resourceType', 'The name of the resource type.', { caseExact: true, mutability: 'readOnly' }),
      dateTime('created', 'When the resource was created.', { mutability: 'readOnly' }),
      dateTime('lastModified', 'When the resource was last changed.', { mutability: 'readOnly' }),
      reference('location', 'The URI of the resource.', { mutability: 'readOnly', referenceTypes: ['uri'] }),
      string('version', 'The version of the resource, as in its ETag.', { caseExact: true, mutability: 'readOnly' }),
    ],
    { mutability: 'readOnly' },
  ),
];
