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
  /** Where the page itself or the reader left the box; a smaller value means that the reader went up. */
  const lastTop = useRef(0);
  const [atBottom, setAtBottom] = useState(true);

  const toBottom = useCallback(() => {
    following.current = true;
    setAtBottom(true);
    if (box.current) {
      box.current.scrollTop = box.current.scrollHeight;
      lastTop.current = box.current.scrollTop;
    }
  }, []);

  useEffect(() => {
    if (!on) return;
    const area = box.current;
    const inner = content.current;
    if (!area || !inner) return;
    const onScroll = () => {
      const near = area.scrollHeight - area.scrollTop - area.clientHeight <= NEAR_PX;
      // Growth of the content also moves the end away; only the reader's own way up ends the following.
      if (near) following.current = true;
      else if (area.scrollTop < lastTop.current) following.current = false;
      lastTop.current = area.scrollTop;
      setAtBottom(near || following.current);
    };
    const grown = new ResizeObserver(() => {
      if (following.current) area.scrollTop = area.scrollHeight;
      else setAtBottom(area.scrollHeight - area.scrollTop - area.clientHeight <= NEAR_PX);
      // Content that shrinks moves the box up, which is not the reader's doing either.
      lastTop.current = area.scrollTop;
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
