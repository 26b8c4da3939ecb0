import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Instance, Listed } from './api-types.js';
import { type Loaded, useEvery, useLoad } from './load.js';
import { Notices } from './parts/notice.js';
import { Secrets } from './parts/secret.js';
import { SessionContext } from './parts/session-context.js';
import { go, linkTo, type Place, usePlace } from './router.js';
import { endSession } from './session.js';
import { Here, OPERATOR_TOKENS, VIEWS } from './views/index.js';

/** Instances are seldom made. */
const EVERY_MS = 60_000;

/** What is around every view: the instance, the menu, who is signed in. */
export function Frame() {
  const { role } = useContext(SessionContext);
  const place = usePlace();
  const instances = useLoad<Listed<Instance>>('/instances');
  useEvery(EVERY_MS, instances.refresh);
  // Another place is another view, with nothing of the one before; an instance that was not gone to is not shown there.
  const key = `${place.instance} ${place.view} ${place.id}`;
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        To the content
      </a>
      <header>
        <a class="brand" href={linkTo(null)}>
          Roster
        </a>
        <InstanceChoice key={key} place={place} instances={instances} />
        <nav aria-label="Roster" class="who">
          <a href={linkTo(null, OPERATOR_TOKENS)} aria-current={place.view === OPERATOR_TOKENS ? 'page' : undefined}>
            Operator tokens
          </a>
          <span class="quiet">{role}</span>
          <button type="button" onClick={() => endSession('signed out')}>
            Sign out
          </button>
        </nav>
      </header>
      {place.instance !== null && <Menu place={place} instance={place.instance} />}
      <main id="main" tabIndex={-1}>
        <Here key={key} place={place} />
      </main>
      <Secrets />
      <Notices />
    </>
  );
}

/** Goes to another instance when it is told to, and not with each step of the arrow keys. */
function InstanceChoice({
  place: { instance, view },
  instances,
}: {
  place: Place;
  instances: Loaded<Listed<Instance>>;
}) {
  const [chosen, setChosen] = useState(instance ?? '');
  const items = instances.value?.items ?? [];
  const isListed = instance === null || items.some(({ slug }) => slug === instance);
  return (
    <form
      class="instance"
      onSubmit={(event) => {
        event.preventDefault();
        go(linkTo(chosen === '' ? null : chosen, instance === null || chosen === '' ? '' : view));
      }}
    >
      <select aria-label="Instance" value={chosen} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
        <option value="">All instances</option>
        {!isListed && <option value={instance}>{instance}</option>}
        {items.map(({ slug, name }) => (
          <option key={slug} value={slug} selected={slug === chosen}>
            {name}
          </option>
        ))}
      </select>
      <button type="submit">Go</button>
      {instances.value === undefined && instances.problem !== undefined && (
        <>
          <span role="alert">The instances can’t be listed.</span>
          <button type="button" onClick={instances.reload}>
            Try again
          </button>
        </>
      )}
    </form>
  );
}

/** The hash is the console's address, so the link of the skip itself must not become it. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

function Menu({ place, instance }: { place: Place; instance: string }) {
  const nav = useRef<HTMLElement>(null);
  // On a phone the menu is wider than the screen.
  useEffect(
    () => nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }),
    [place.view],
  );
  return (
    <nav ref={nav} class="menu" aria-label={`Instance ${instance}`}>
      <ul>
        {Object.entries(VIEWS).map(([view, { title }]) => (
          <li key={view}>
            <a href={linkTo(instance, view)} aria-current={view === place.view ? 'page' : undefined}>
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}
