import type { KeyboardEvent, ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';
import type { Search } from './use-search.ts';

/** The box to look for chats; Escape empties it. */
export function SearchField({ search: { text, write } }: { readonly search: Search }): ReactElement {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || text === '') return;
    // The drawer around it also closes on Escape.
    event.preventDefault();
    event.stopPropagation();
    write('');
  };
  return (
    <search className="search">
      <Icon name="search" size={15} />
      <input
        type="search"
        data-testid="search"
        aria-label="Search your chats"
        placeholder="Search"
        maxLength={200}
        value={text}
        onChange={(event) => write(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </search>
  );
}
