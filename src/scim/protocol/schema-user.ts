import { type AttributeDefinition, binary, boolean, complex, plural, reference, string } from './attribute.js';

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE_USER_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const name = complex('name', "The parts of the user's name.", [
  string('formatted', 'The whole name, as it is to be shown.'),
  string('familyName', 'The family name, or last name.'),
  string('givenName', 'The given name, or first name.'),
  string('middleName', 'The middle names.'),
  string('honorificPrefix', 'What stands before the name, such as "Ms.".'),
  string('honorificSuffix', 'What stands after the name, such as "III".'),
]);

const addresses = complex(
  'addresses',
  'The postal addresses of the user.',
  [
    string('formatted', 'The whole address, as it is to be shown.'),
    string('streetAddress', 'Street, house number, and what else stands above the town.'),
    string('locality', 'The city or town.'),
    string('region', 'The state or region.'),
    string('postalCode', 'The postal code.'),
    string('country', 'The country, as a code of ISO 3166-1 alpha 2.'),
    string('type', 'What the address is for.', { canonicalValues: ['work', 'home', 'other'] }),
    boolean('primary', 'True for the preferred address; at most one is.'),
  ],
  { multiValued: true },
);

/** RFC 7643 section 4.1. */
export const userAttributes: readonly AttributeDefinition[] = [
  string('userName', 'The name by which the user signs in, unique without regard to case.', {
    required: true,
    uniqueness: 'server',
  }),
  name,
  string('displayName', 'The name of the user for others to see.'),
  string('nickName', 'What the user is called casually.'),
  reference('profileUrl', "The user's page."),
  string('title', "The user's title, such as Vice President."),
  string('userType', 'How the user is related to the organisation, such as Employee or Contractor.'),
  string('preferredLanguage', 'The languages the user prefers, written as in the Accept-Language header.'),
  string('locale', "The user's locale, for dates, numbers and currency."),
  string('timezone', "The user's time zone, by its IANA name."),
  boolean('active', 'Whether the user has access.', { absence: 'keep' }),
  string('password', 'Accepted and dropped: nothing here signs in with it.', {
    caseExact: true,
    mutability: 'writeOnly',
    returned: 'never',
  }),
  plural('emails', 'The e-mail addresses of the user.', string('value', 'An e-mail address.'), [
    'work',
    'home',
    'other',
  ]),
  plural('phoneNumbers', 'The phone numbers of the user.', string('value', 'A phone number.'), [
    'work',
    'home',
    'mobile',
    'fax',
    'pager',
    'other',
  ]),
  plural('ims', 'The instant messaging addresses of the user.', string('value', 'An address.')),
  plural('photos', 'Pictures of the user.', reference('value', 'The URL of a picture.'), ['photo', 'thumbnail']),
  addresses,
  complex(
    'groups',
    'The groups the user belongs to; changed through the groups.',
    [
      string('value', "The group's id.", { caseExact: true, mutability: 'readOnly' }),
      reference('$ref', "The group's URI.", { mutability: 'readOnly', referenceTypes: ['Group'] }),
      string('display', "The group's name.", { mutability: 'readOnly' }),
      string('type', 'That the user is a member itself: groups have no groups for members.', {
        mutability: 'readOnly',
        canonicalValues: ['direct'],
      }),
    ],
    { multiValued: true, mutability: 'readOnly' },
  ),
  plural('entitlements', 'Things the user has a right to.', string('value', 'An entitlement.')),
  plural('roles', 'The roles of the user.', string('value', 'A role.')),
  plural('x509Certificates', 'Certificates of the user.', binary('value', 'A DER certificate in Base64.')),
];

/**
 * RFC 7643 section 4.3. Two departures, since clients say there whom they mean: `manager.displayName` can be written,
 * and `manager.managerId` is added.
 */
export const enterpriseUserAttributes: readonly AttributeDefinition[] = [
  string('employeeNumber', 'The number by which the organisation knows the user.'),
  string('costCenter', 'The cost centre.'),
  string('organization', 'The organisation.'),
  string('division', 'The division.'),
  string('department', 'The department.'),
  complex('manager', "The user's manager, as the client names the person.", [
    string('value', "The manager's id, externalId, userName or e-mail address.", { caseExact: true }),
    reference('$ref', "The URI of the manager's User resource.", { referenceTypes: ['User'] }),
    string('displayName', "The manager's display name."),
    string('managerId', "The manager's identifier, from clients that write it here.", { caseExact: true }),
  ]),
];
