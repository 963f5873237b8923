import { ModelFailure } from '../server/index.ts';

/** Options of {@link boundedFetch}. */
export interface BoundedFetchOptions {
  /** Bytes of an answer; what is longer fails. @default DEFAULT_MAX_RESPONSE_BYTES */
  readonly maxResponseBytes?: number;
  /** Bytes of an answer that is an error; the rest is not read. @default 16384 */
  readonly maxErrorBytes?: number;
}

export const DEFAULT_MAX_RESPONSE_BYTES: number = 64 * 1024 * 1024;

/**
 * A `fetch` for AI SDK's providers that reads no more than it must. Redirects are refused: a key that travels in a header of
 * its own would go along.
 */
export function boundedFetch(options: BoundedFetchOptions = {}): typeof fetch {
  const { maxResponseBytes = DEFAULT_MAX_RESPONSE_BYTES, maxErrorBytes = 16 * 1024 } = options;
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: 'error' });
    if (response.body === null) return response;
    const limit = response.ok ? refuseAfter(maxResponseBytes) : endAfter(maxErrorBytes);
    const { status, statusText, headers } = response;
    return new Response(response.body.pipeThrough(limit), { status, statusText, headers });
  };
}

function refuseAfter(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) controller.enqueue(chunk);
      else
        controller.error(
          new ModelFailure({
            code: 'garbled',
            message: "The model's answer was larger than anything sensible",
          }),
        );
    },
  });
}

function endAfter(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = maxBytes;
  return new TransformStream({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left <= 0) controller.terminate();
    },
  });
}
