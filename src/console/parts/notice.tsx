import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

const SHOWN_MS = 8_000;

let show: (text: string) => void = () => undefined;

/** Says what was done, to who looks and to who listens. */
export const announce = (text: string): void => show(text);

/** Where announcements are shown. It is there from the start: a live region is heard only for what changes in it. */
export function Notices() {
  const [{ text, count }, setNotice] = useState({ text: '', count: 0 });
  useLayoutEffect(() => {
    show = (next) => setNotice((before) => ({ text: next, count: before.count + 1 }));
    return () => {
      show = () => undefined;
    };
  }, []);
  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => show(''), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [count]);
  return (
    <p role="status" class={text === '' ? 'notice' : 'notice shown'}>
      {/* Another element each time, so that the same words are heard again. */}
      <span key={count}>{text}</span>
    </p>
  );
}
