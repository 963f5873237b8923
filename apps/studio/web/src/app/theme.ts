import { useCallback, useState } from 'react';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'taproot:theme';
const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };

/** Applies the stored choice before the first paint; `system` leaves it to `prefers-color-scheme`. */
export function applyTheme(theme: Theme = storedTheme()): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** The reader's choice of colours, and the step to the next one. */
export function useTheme(): readonly [theme: Theme, next: () => void] {
  const [theme, setTheme] = useState(storedTheme);
  const next = useCallback(() => {
    const chosen = NEXT[storedTheme()];
    localStorage.setItem(KEY, chosen);
    applyTheme(chosen);
    setTheme(chosen);
  }, []);
  return [theme, next];
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}
