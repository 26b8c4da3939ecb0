import { useEffect, useState } from 'preact/hooks';

const SHOWN_MS = 8_000;

let show: (text: string) => void = () => undefined;

/** Says what was done, to who looks and to who listens. */
export const announce = (text: string): void => show(text);

/** Where announcements are shown. It is there from the start: a live region is heard only for what changes in it. */
export function Notices() {
  const [text, setText] = useState('');
  useEffect(() => {
    show = setText;
    return () => {
      show = () => undefined;
    };
  }, []);
  useEffect(() => {
    if (text === '') return undefined;
    const timer = setTimeout(() => setText(''), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <p role="status" class={text === '' ? 'notice' : 'notice shown'}>
      {text}
    </p>
  );
}
