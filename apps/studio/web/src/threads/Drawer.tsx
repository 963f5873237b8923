import { type MouseEvent, type ReactElement, type ReactNode, useEffect, useRef } from 'react';

interface DrawerProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** On narrow screens the thread list is a modal dialog from the left: Escape and a tap beside it close it. */
export function Drawer({ open, onClose, children }: DrawerProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);

  const closeOnBackdrop = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard's way is Escape, which a dialog brings along
    <dialog
      ref={dialog}
      className="drawer"
      aria-label="Chats"
      data-testid="drawer"
      onClose={onClose}
      onClick={closeOnBackdrop}
    >
      {children}
    </dialog>
  );
}
