import { type FormEvent, type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react';

interface EditMessageProps {
  readonly text: string;
  readonly onSave: (text: string) => void;
  readonly onCancel: () => void;
}

/** A message that is being written anew, in its place: Enter sends it, Escape leaves it as it was. */
export function EditMessage({ text, onSave, onCancel }: EditMessageProps): ReactElement {
  const [draft, setDraft] = useState(text);
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  const save = (event?: FormEvent) => {
    event?.preventDefault();
    if (draft.trim()) onSave(draft.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') onCancel();
    // An Enter that ends an IME composition belongs to the input method.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) save(event);
  };
  return (
    <form className="message-edit" onSubmit={save}>
      <textarea
        ref={box}
        data-testid="edit-box"
        aria-label="Edit message"
        rows={Math.min(8, draft.split('\n').length + 1)}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="question-buttons">
        <button type="submit" className="button" data-testid="edit-save" disabled={!draft.trim()}>
          Send anew
        </button>
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  );
}
