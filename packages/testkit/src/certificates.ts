import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { temporaryFolder } from './temporary-folder.ts';

/** A certificate and its key, PEM texts. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a TLS server and its clients need. */
export interface Certificates {
  /** The authority that signed both. */
  readonly ca: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: Certificate;
  readonly client: Certificate;
  /** Arguments of redis-server, without its port. Clients must show a certificate. */
  readonly redisArgs: readonly string[];
}

/** Makes an authority and what it signs, in a temporary folder. */
export async function certificates(): Promise<Certificates> {
  const authority = await generate([{ name: 'commonName', value: 'Taproot test authority' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { cert: authority.cert, key: authority.private };
  const server = await signed(ca, 'localhost', { serverAuth: true });
  const client = await signed(ca, 'taproot', { clientAuth: true });
  const dir = temporaryFolder();
  const file = (name: string, text: string): string => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const redisArgs = [
    ...['--tls-cert-file', file('server.crt', server.cert), '--tls-key-file', file('server.key', server.key)],
    ...['--tls-ca-cert-file', file('ca.crt', ca.cert), '--tls-auth-clients', 'yes'],
  ];
  return { ca: ca.cert, server, client, redisArgs };
}

async function signed(
  ca: Certificate,
  name: string,
  usage: { readonly serverAuth?: boolean; readonly clientAuth?: boolean },
): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ca,
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', ...usage },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { cert: made.cert, key: made.private };
}
