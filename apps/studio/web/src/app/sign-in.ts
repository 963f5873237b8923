/** What a demo sign-in came to. */
export type SignInResult =
  | { readonly ok: true }
  /** It cannot work by trying again: the demo sign-in is off, or this address may not use it. */
  | { readonly ok: false; readonly refused: string }
  | { readonly ok: false; readonly refused?: undefined; readonly retryAfterMs: number };

const RETRY_MS = 2000;

/** Signs in as the demo user; the session is a cookie that this code cannot see. */
export async function signInAsDemo(signal?: AbortSignal): Promise<SignInResult> {
  try {
    const response = await fetch('/auth/demo', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      ...(signal && { signal }),
    });
    if (response.ok) return { ok: true };
    if (response.status < 500 && response.status !== 429)
      return { ok: false, refused: await detailOf(response) };
    const seconds = Number(response.headers.get('retry-after'));
    return { ok: false, retryAfterMs: seconds > 0 ? Math.min(seconds * 1000, 30_000) : RETRY_MS };
  } catch {
    return { ok: false, retryAfterMs: RETRY_MS };
  }
}

let signingIn: Promise<SignInResult> | undefined;

/**
 * As `fetch`, for a session that is gone while the socket is still open, for instance with all of Redis' data: signs in and
 * asks once more. A request without a session did nothing.
 */
export const fetchSignedIn: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (response.status !== 401) return response;
  signingIn ??= signInAsDemo().finally(() => {
    signingIn = undefined;
  });
  return (await signingIn).ok ? fetch(input, init) : response;
};

async function detailOf(response: Response): Promise<string> {
  const problem: unknown = await response.json().catch(() => undefined);
  if (
    typeof problem === 'object' &&
    problem !== null &&
    'detail' in problem &&
    typeof problem.detail === 'string'
  ) {
    return problem.detail;
  }
  return `The server answered ${response.status} ${response.statusText}`.trim();
}
