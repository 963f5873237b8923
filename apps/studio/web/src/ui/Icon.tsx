import type { ReactElement } from 'react';

const PATHS = {
  plus: 'M12 5v14M5 12h14',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  pencil: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5',
  arrowUp: 'M12 19V5M6 11l6-6 6 6',
  arrowDown: 'M12 5v14M6 13l6 6 6-6',
  chevron: 'M9 6l6 6-6 6',
  plug: 'M9 4v5M15 4v5M7 9h10v2a5 5 0 0 1-10 0zM12 16v4',
  plugOff: 'M9 4v5M15 4v3M17 9v2a5 5 0 0 1-.7 2.5M13 16a5 5 0 0 1-6-5V9h4M12 16v4M4 4l16 16',
  database: 'M5 6c0-3.3 14-3.3 14 0s-14 3.3-14 0ZM5 6v12c0 3.3 14 3.3 14 0V6M5 12c0 3.3 14 3.3 14 0',
  warning: 'M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17.2v.1',
  clock: 'M12 7.5V12l3 2M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
  key: 'M7.5 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7ZM11 12h10v3M17.5 12v2.5',
  refresh: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.3 15.3 20 20',
  gauge: 'M4 19a9 9 0 1 1 16 0M12 15l4-6M12 15.5v-.1',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5Z',
  contrast: 'M12 4a8 8 0 1 0 0 16V4Zm0 0a8 8 0 0 1 0 16',
  leaf: 'M12 11v10M12 11c0-4.6 3-7.6 8-8 .3 5-2.7 8-8 8ZM12 11c-.2-3.3-2.6-5.4-6.5-5.5 0 3.6 2.3 5.5 6.5 5.5ZM12 15.5c-1.2 2.3-3.2 3.4-6 3.4M12 18c1.2 1.6 3 2.4 5.5 2.4',
} as const;

export type IconName = keyof typeof PATHS;

/** A stroked icon in the colour of the text around it; decorative, so names come from the control that holds it. */
export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }): ReactElement {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
