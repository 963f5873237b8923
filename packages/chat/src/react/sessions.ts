import type { ChatClient } from '../client/index.ts';
import { ThreadSession } from './thread-session.ts';

/** Sessions that nobody uses are kept, so that a page can show a thread again at once; not more than this. */
const MAX_IDLE = 20;

const sessions = new WeakMap<ChatClient, Map<string, ThreadSession>>();

function sessionsOf(client: ChatClient): Map<string, ThreadSession> {
  const known = sessions.get(client);
  if (known !== undefined) return known;
  const ofClient = new Map<string, ThreadSession>();
  sessions.set(client, ofClient);
  // A page that goes on under the id of the thread that was made finds what it shows.
  client.on('created', ({ provisional, thread }) => {
    const session = ofClient.get(provisional);
    if (session !== undefined) ofClient.set(thread, session);
  });
  return ofClient;
}

/** The one session of a thread: all components that show it share its view. */
export function sessionOf(client: ChatClient, thread: string): ThreadSession {
  const ofClient = sessionsOf(client);
  const session = ofClient.get(thread) ?? new ThreadSession(client, thread);
  // The last used at the end.
  ofClient.delete(thread);
  ofClient.set(thread, session);
  const idle = [...ofClient].filter(([, one]) => one.idle && one !== session);
  for (const [id] of idle.slice(0, Math.max(0, idle.length - MAX_IDLE))) ofClient.delete(id);
  return session;
}
