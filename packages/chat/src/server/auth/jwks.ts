import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';

export interface RemoteKeysOptions {
  readonly url: URL;
  /** How long an answer of the issuer may take, its body included. */
  readonly timeoutMs: number;
  /** How long keys are used before they are fetched again. */
  readonly maxAgeMs: number;
  /** A key that is not known makes them be fetched again, but not more often than this. */
  readonly cooldownMs: number;
}

/** An issuer's keys, fetched when they are needed. */
export interface RemoteKeys {
  readonly key: JWTVerifyGetKey;
  /** Whether a key that is not known will be asked for: if not, it may be one that the issuer has made since. */
  readonly mayAsk: () => boolean;
}

/** Of the largest issuers' key sets none has a tenth of it. */
const MAX_BYTES = 262_144;

export function remoteKeys({ url, timeoutMs, maxAgeMs, cooldownMs }: RemoteKeysOptions): RemoteKeys {
  const key = createRemoteJWKSet(url, {
    timeoutDuration: timeoutMs,
    cacheMaxAge: maxAgeMs,
    cooldownDuration: cooldownMs,
    [customFetch]: boundedFetch,
  });
  return { key, mayAsk: () => !key.coolingDown };
}

/** The library reads a body of any size. */
const boundedFetch: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      // Leaving the loop ends the download.
      return new Response(null, { status: 413 });
    }
    chunks.push(chunk);
  }
  return new Response(Buffer.concat(chunks), { status: response.status });
};
