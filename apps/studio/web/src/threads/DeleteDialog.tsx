import { type ReactElement, useEffect, useRef } from 'react';

interface DeleteDialogProps {
  readonly title: string;
  readonly onAnswer: (sure: boolean) => void;
}

/** Asks before a thread is deleted, which cannot be undone. */
export function DeleteDialog({ title, onAnswer }: DeleteDialogProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="question"
      aria-labelledby="delete-title"
      onClose={() => dialog.current?.open || onAnswer(false)}
    >
      <h2 id="delete-title">Delete this chat?</h2>
      <p>“{title}” and its answers will be gone for everybody who has it open. This cannot be undone.</p>
      <div className="question-buttons">
        <button type="button" className="button" onClick={() => onAnswer(false)}>
          Keep it
        </button>
        <button type="button" className="button danger" onClick={() => onAnswer(true)}>
          Delete
        </button>
      </div>
    </dialog>
  );
}
