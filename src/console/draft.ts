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
  const changes: Partial<Fields> = { ...draft };
  for (const name in changes) if (changes[name] === now[name]) delete changes[name];
  // What has come true is no change of ours any more, should another operator take it back.
  useEffect(() => setDraft(changes), [JSON.stringify(now)]);
  return { shown: { ...now, ...draft }, changes, set: (some) => setDraft({ ...draft, ...some }) };
}
