import type { MouseEvent, ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import { goToPath, OPERATIONS, useRoute } from './route.ts';

/** The way to the operators' page. */
export function OperationsLink({ onOpen }: { readonly onOpen: () => void }): ReactElement {
  const { page } = useRoute();
  const open = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    goToPath(OPERATIONS);
    onOpen();
  };
  return (
    <a
      className="icon-button"
      href={OPERATIONS}
      data-testid="operations-link"
      aria-label="Operations"
      title="Operations"
      aria-current={page === 'operations' ? 'page' : undefined}
      onClick={open}
    >
      <Icon name="gauge" />
    </a>
  );
}
