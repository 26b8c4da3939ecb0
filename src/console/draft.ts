import { useEffect, useState } from 'preact/hooks';

/** Fields of a form, over what is so. */
interface Draft<Fields> {
  readonly shown: Fields;
  /** What was set here and is not so. */
  readonly changes: Partial<Fields>;
  readonly set: (some: Partial<Fields>) => void;
}

/** What an operator has set and not saved yet. The other fields follow what is so, whoever changes it meanwhile. */
export function useDraft<Fields extends object>(now: Fields): Draft<Fields> {
  const [draft, setDraft] = useState<Partial<Fields>>({});
  // What has come true is no change of ours any more, should another operator take it back.
  useEffect(() => setDraft((latest) => differing(latest, now)), [JSON.stringify(now)]);
  return {
    shown: { ...now, ...draft },
    changes: differing(draft, now),
    set: (some) => setDraft((latest) => ({ ...latest, ...some })),
  };
}

function differing<Fields extends object>(draft: Partial<Fields>, now: Fields): Partial<Fields> {
  const changes = { ...draft };
  for (const name in changes) if (changes[name] === now[name]) delete changes[name];
  return changes;
}
