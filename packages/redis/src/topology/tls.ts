/** How to speak TLS; PEM texts. Without a CA those of Node are trusted. */
export interface TlsOptions {
  readonly ca?: string | Buffer;
  /** Client certificate and its key. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  /** Name that the server's certificate must have. @default the host */
  readonly servername?: string;
}
