/** What a demo sign-in came to. */
export type SignInResult =
  | { readonly ok: true }
  /** It cannot work by trying again: the demo sign-in is off, or this address may not use it. */
  | { readonly ok: false; readonly refused: string }
  | { readonly ok: false; readonly refused?: undefined; readonly retryAfterMs: number };

const RETRY_MS = 2000;

/** Signs in as the demo user; the session is a cookie that this code cannot see. */
export async function signInAsDemo(signal: AbortSignal): Promise<SignInResult> {
  try {
    const response = await fetch('/auth/demo', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal,
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
