import type { ComponentType } from 'preact';
import { Empty, Page } from '../parts/page.js';
import { linkTo, type Place } from '../router.js';
import { Account } from './account.js';
import { Accounts } from './accounts.js';
import { Held } from './held.js';
import { Import } from './import.js';
import { Imports } from './imports.js';
import { Instances } from './instances.js';
import { OperatorTokens } from './operator-tokens.js';
import { Organisation } from './organisation.js';
import { Overview } from './overview.js';
import { Requests } from './requests.js';
import { ScimTokens } from './scim-tokens.js';
import { Settings } from './settings.js';
import { Stuck } from './stuck.js';

interface InstanceView {
  readonly title: string;
  readonly View: ComponentType<{ instance: string }>;
  /** What a thing of the view is shown by, where the address names one. */
  readonly One?: ComponentType<{ instance: string; id: string }>;
}

/** The views of an instance, in the order of the menu. */
export const VIEWS: Readonly<Record<string, InstanceView>> = {
  '': { title: 'Overview', View: Overview },
  stuck: { title: 'Stuck', View: Stuck },
  held: { title: 'Held', View: Held },
  accounts: { title: 'Accounts', View: Accounts, One: Account },
  organisation: { title: 'Organisation', View: Organisation },
  imports: { title: 'Imports', View: Imports, One: Import },
  requests: { title: 'Requests', View: Requests },
  tokens: { title: 'Tokens', View: ScimTokens },
  settings: { title: 'Settings', View: Settings },
};

export const OPERATOR_TOKENS = 'operator-tokens';

/** What is to be seen at a place. */
export function Here({ place: { instance, view, id } }: { place: Place }) {
  if (instance === null) {
    if (view === '') return <Instances />;
    if (view === OPERATOR_TOKENS) return <OperatorTokens />;
    return <Nowhere />;
  }
  const found = Object.hasOwn(VIEWS, view) ? VIEWS[view] : undefined;
  if (found === undefined) return <Nowhere />;
  const { View, One } = found;
  return id !== '' && One !== undefined ? <One instance={instance} id={id} /> : <View instance={instance} />;
}

const Nowhere = () => (
  <Page title="Nothing here">
    <Empty>
      There is no such view. <a href={linkTo(null)}>All instances</a>
    </Empty>
  </Page>
);
