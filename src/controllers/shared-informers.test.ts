import { expect, test } from 'vitest';
import { resources } from '../api/resources.ts';
import type { InformerHandlers, KubeClient } from '../client/kube-client.ts';
import { shareInformers } from './shared-informers.ts';

function fake() {
  const opened: { handlers: InformerHandlers<unknown>; items: Map<string, unknown>; stopped: boolean }[] = [];
  const inform = (_resource: unknown, _options: unknown, handlers: InformerHandlers<unknown>) => {
    const entry = { handlers, items: new Map<string, unknown>(), stopped: false };
    opened.push(entry);
    return { items: entry.items, synced: Promise.resolve(), stop: () => void (entry.stopped = true) };
  };
  return { opened, client: shareInformers({ inform } as unknown as KubeClient) };
}

test('those that ask for the same share one, a late one is told of what is there, the last one ends it', () => {
  const { opened, client } = fake();
  const heard: string[] = [];
  const listen = (who: string): InformerHandlers<unknown> => ({
    added: (object) => void heard.push(`${who} added ${String(object)}`),
    deleted: (object) => void heard.push(`${who} deleted ${String(object)}`),
  });
  const first = client.inform(resources.pods, {}, listen('first'));
  opened[0]?.items.set('a', 'a');
  opened[0]?.handlers.added?.('a');
  const second = client.inform(resources.pods, {}, listen('second'));
  opened[0]?.handlers.deleted?.('a');
  expect(heard).toEqual(['first added a', 'second added a', 'first deleted a', 'second deleted a']);
  first.stop();
  opened[0]?.handlers.added?.('b');
  expect(heard.slice(4)).toEqual(['second added b']);
  expect(opened[0]?.stopped).toBe(false);
  second.stop();
  second.stop();
  expect(opened.map(({ stopped }) => stopped)).toEqual([true]);
  client.inform(resources.pods, {}, {});
  expect(opened).toHaveLength(2);
});

test.each([
  [resources.nodes, {}],
  [resources.pods, { namespace: 'n' }],
  [resources.pods, { labelSelector: 'a=b' }],
  [resources.pods, { fieldSelector: 'a=b' }],
])('another resource or selection is another informer', (resource, options) => {
  const { opened, client } = fake();
  client.inform(resources.pods, {}, {});
  client.inform(resource, options, {});
  expect(opened).toHaveLength(2);
});
