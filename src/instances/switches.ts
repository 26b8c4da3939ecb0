/** Rule 9: what an instance lets Okta do to its users, as in Okta's own *To App*. */
export interface Switches {
  readonly createUsers: boolean;
  readonly updateAttributes: boolean;
  readonly deactivateUsers: boolean;
}

/** The switches of a row of `instances i`, as JSON. */
export const SWITCHES = `json_build_object('createUsers', i.create_users, 'updateAttributes', i.update_attributes,
    'deactivateUsers', i.deactivate_users)`;
