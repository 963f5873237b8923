import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished } from 'vitest';

export const ISSUER = 'https://id.example';
export const AUDIENCE = 'taproot';

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export interface SignOptions {
  readonly key?: KeyPair;
  readonly alg?: string;
  /** `null` leaves it out. */
  readonly kid?: string | null;
  readonly claims?: JWTPayload;
  /** Of `exp`, from now, in seconds; `null` leaves it out. @default 300 */
  readonly livesS?: number | null;
}

/** An issuer of JWTs on loopback. What its address of keys answers can be anything. */
export class Issuer {
  /** Public keys that it publishes. */
  keys: JWK[] = [];
  /** How often they were asked for. */
  asked = 0;
  answer: RequestListener = (_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: this.keys }));
  };
  url = '';
  #key: KeyPair | undefined;
  #kid = '';

  /** Its present key; publishes it under that name, alone unless `keep`. */
  async rotate(kid: string, { keep = false, alg = 'ES256' } = {}): Promise<KeyPair> {
    this.#key = await generateKeyPair(alg, { extractable: true });
    this.#kid = kid;
    const published = { ...(await exportJWK(this.#key.publicKey)), kid, use: 'sig' };
    this.keys = keep ? [...this.keys, published] : [published];
    return this.#key;
  }

  sign(options: SignOptions = {}): Promise<string> {
    const { alg = 'ES256', claims = {}, livesS = 300, kid = this.#kid } = options;
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'ada',
      ...(livesS !== null && { exp: now + livesS }),
      ...claims,
    };
    const key = (options.key ?? this.#key)?.privateKey;
    if (key === undefined) return Promise.reject(new TypeError('rotate() first'));
    return new SignJWT(payload).setProtectedHeader({ alg, ...(kid !== null && { kid }) }).sign(key);
  }
}

export async function startIssuer(): Promise<Issuer> {
  const issuer = new Issuer();
  const server = createServer((request, response) => {
    issuer.asked++;
    return issuer.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  await issuer.rotate('k1');
  return issuer;
}
