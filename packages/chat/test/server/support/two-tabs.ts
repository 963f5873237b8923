import { type ChatClient, createChatClient } from '@taproot/chat/client';
import type { AttachedFrame, EventFrame } from '@taproot/chat/protocol';
import { eventually } from '@taproot/testkit';
import { expect, onTestFinished } from 'vitest';
import { HeldAgent } from './held-agent.ts';
import { ADA, type Site, startSite } from './site.ts';

/** What one tab shows and was told. */
export interface Tab {
  readonly client: ChatClient;
  /** Events that were applied and not taken back. */
  readonly events: EventFrame[];
  readonly resets: AttachedFrame[];
  readonly sockets: string[];
}

export interface Scene {
  readonly held: HeldAgent;
  readonly thread: string;
  readonly sites: readonly [Site, Site];
  readonly tabs: readonly [Tab, Tab];
}

export async function openTab(site: Site, thread: string, token: string): Promise<Tab> {
  const client = createChatClient({ url: site.url, token });
  onTestFinished(() => client.close());
  const tab: Tab = { client, events: [], resets: [], sockets: [] };
  client.on('connection', ({ socket }) => tab.sockets.push(socket));
  const view = client.thread(thread);
  view.on('reset', (frame) => {
    tab.resets.push(frame);
    tab.events.splice(0, tab.events.length, ...tab.events.filter(({ seq }) => seq <= frame.seq));
  });
  view.on('event', (event) => tab.events.push(event));
  view.open({ seq: 0 });
  return tab;
}

/** Two tabs of one user on two gateways, and a thread with one answered question. */
export async function setScene(redisUrl: string): Promise<Scene> {
  const held = new HeldAgent();
  const chat = { leaseMs: 1000, maxTakeovers: 100 };
  const sites = [
    await startSite({ redisUrl, agent: held.agent, chat }),
    await startSite({ redisUrl, chat: { role: 'gateway' } }),
  ] as const;
  const token = await sites[0].signIn();
  const { id: thread } = await sites[0].chat.threads.create(ADA);
  const tabs = [await openTab(sites[0], thread, token), await openTab(sites[1], thread, token)] as const;
  const scene = { held, thread, sites, tabs };
  await answered(scene, 'kept');
  return scene;
}

/** Asks, lets it be answered and waits until both tabs show the end. */
export async function answered({ held, thread, tabs }: Scene, text: string): Promise<void> {
  const { run } = await tabs[0].client.send(thread, text).accepted;
  await eventually(() => expect(held.begun).toContain(text));
  held.releaseOne();
  for (const { events } of tabs)
    await eventually(() => expect(events.at(-1)).toMatchObject({ run, data: { type: 'run-ended' } }));
}

/** How far both tabs have come. */
export function position({ tabs }: Scene): number {
  const [one, two] = tabs.map(({ events }) => events.at(-1)?.seq ?? 0);
  expect(one).toBe(two);
  return one ?? 0;
}
