import type { ReactElement } from 'react';
import { Icon } from '../ui/Icon.tsx';

const SUGGESTIONS: readonly string[] = [
  'What is in Redis right now?',
  'Who is connected?',
  'How fast is Redis right now?',
  'Is everything ready?',
  'How do I run it against my own Redis?',
  'What can you do?',
];

/** A new chat: what this is, and questions that the guide answers well. */
export function EmptyState({ onAsk }: { readonly onAsk: (question: string) => void }): ReactElement {
  return (
    <div className="empty" data-testid="empty-state">
      <span className="empty-mark">
        <Icon name="leaf" size={30} />
      </span>
      <h2>What would you like to know?</h2>
      <p>
        The guide answers about this running system with real tools. Its answers go on through lost
        connections, killed servers and an absent Redis.
      </p>
      <ul className="suggestions">
        {SUGGESTIONS.map((question) => (
          <li key={question}>
            <button type="button" data-testid="suggestion" onClick={() => onAsk(question)}>
              {question}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
