import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';

/** A reader within this many pixels of the end is following the answer. */
const NEAR_PX = 48;

export interface StickToBottom {
  readonly box: RefObject<HTMLDivElement | null>;
  readonly content: RefObject<HTMLDivElement | null>;
  readonly atBottom: boolean;
  readonly toBottom: () => void;
}

/** Keeps a growing conversation at its end, but only while the reader is there. `on`: there is something to follow. */
export function useStickToBottom(on: boolean): StickToBottom {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [atBottom, setAtBottom] = useState(true);

  const toBottom = useCallback(() => {
    following.current = true;
    setAtBottom(true);
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);

  useEffect(() => {
    if (!on) return;
    const area = box.current;
    const inner = content.current;
    if (!area || !inner) return;
    let lastTop = area.scrollTop;
    const onScroll = () => {
      const near = area.scrollHeight - area.scrollTop - area.clientHeight <= NEAR_PX;
      // Growth of the content also moves the end away; only the reader's own way up ends the following.
      if (near) following.current = true;
      else if (area.scrollTop < lastTop) following.current = false;
      lastTop = area.scrollTop;
      setAtBottom(near || following.current);
    };
    const grown = new ResizeObserver(() => {
      if (following.current) area.scrollTop = area.scrollHeight;
      else setAtBottom(area.scrollHeight - area.scrollTop - area.clientHeight <= NEAR_PX);
    });
    grown.observe(inner);
    grown.observe(area);
    area.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      grown.disconnect();
      area.removeEventListener('scroll', onScroll);
    };
  }, [on]);

  return { box, content, atBottom, toBottom };
}
