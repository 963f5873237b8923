/** What a reader can do with a conversation. */
export interface ThreadActions {
  readonly edit: (of: string, text: string) => void;
  readonly regenerate: (of: string) => void;
  /** Without an id: the run that is shown. */
  readonly stop: (id?: string) => void;
  readonly answer: (run: string, callId: string, approve: boolean) => void;
}
