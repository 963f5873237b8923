import type { ReactElement } from 'react';
import { Icon, type IconName } from '../ui/Icon.tsx';
import { type Theme, useTheme } from './theme.ts';

const ICONS: Record<Theme, IconName> = { system: 'contrast', light: 'sun', dark: 'moon' };

/** Steps through the colours: those of the system, light, dark. */
export function ThemeButton(): ReactElement {
  const [theme, next] = useTheme();
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Colours: ${theme}. Change`}
      title={`Colours: ${theme}`}
      onClick={next}
    >
      <Icon name={ICONS[theme]} />
    </button>
  );
}
