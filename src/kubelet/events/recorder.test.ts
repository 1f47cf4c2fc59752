import { describe, expect, it } from 'vitest';
import { internalError } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Event } from '../../api/types.ts';
import { silentLogger } from '../../util/log.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { fastHost } from '../testing/fast-host.ts';
import { aPod } from '../testing/objects.ts';
import { createEventRecorder } from './recorder.ts';

const setup = () => {
  const api = createFakeApi('n');
  const recorder = createEventRecorder({ client: api.client, nodeName: 'n', clock: fastHost(100).clock, log: silentLogger });
  const sent = (): Event[] => api.objects(resources.events) as unknown as Event[];
  return { api, recorder, sent };
};

describe('the event recorder', () => {
  it('says who speaks of what', async () => {
    const { recorder, sent } = setup();
    const pod = aPod({}, { resourceVersion: '7' });
    const [container] = pod.spec.containers;
    if (container === undefined) throw new Error('no container');
    recorder.container(pod, { kind: 'container', container }, 'Normal', 'Started', 'Container started');
    await recorder.flush();
    expect(sent()[0]).toMatchObject({
      metadata: { namespace: 'default', name: expect.stringMatching(/^p\.[0-9a-f]{16}$/) as string },
      involvedObject: {
        kind: 'Pod',
        namespace: 'default',
        name: 'p',
        uid: 'u',
        apiVersion: 'v1',
        resourceVersion: '7',
        fieldPath: 'spec.containers{c}',
      },
      reason: 'Started',
      type: 'Normal',
      count: 1,
      source: { component: 'kubelet', host: 'n' },
      reportingComponent: 'kubelet',
      reportingInstance: 'n',
    });
  });
  it('counts what is said again', async () => {
    const { recorder, sent } = setup();
    for (let i = 0; i < 3; i++) recorder.pod(aPod(), 'Warning', 'BackOff', 'again');
    await recorder.flush();
    expect(sent().map((e) => [e.message, e.count])).toEqual([['again', 3]]);
  });
  it('tells many similar events as one', async () => {
    const { recorder, sent } = setup();
    for (let i = 0; i < 15; i++) recorder.pod(aPod(), 'Warning', 'Failed', `error ${i}`);
    await recorder.flush();
    expect(sent()).toHaveLength(11);
    expect(sent().at(-1)).toMatchObject({ message: '(combined from similar events): error 14', count: 5 });
  });
  it('lets nobody flood the server', async () => {
    const { recorder, sent } = setup();
    for (let i = 0; i < 100; i++) recorder.pod(aPod(), 'Normal', `Reason${i}`, 'm');
    recorder.pod(aPod({}, { name: 'other', uid: 'v' }), 'Normal', 'Fine', 'm');
    await recorder.flush();
    expect(sent().filter((e) => e.involvedObject.name === 'p')).toHaveLength(25);
    expect(sent().filter((e) => e.involvedObject.name === 'other')).toHaveLength(1);
  });
  it('goes on when the server fails, and creates again what it lost', async () => {
    const { api, recorder, sent } = setup();
    api.failNext('create', internalError('down'));
    recorder.pod(aPod(), 'Normal', 'A', 'lost');
    recorder.pod(aPod(), 'Normal', 'B', 'kept');
    await recorder.flush();
    expect(sent().map((e) => e.message)).toEqual(['kept']);
    await api.client.delete(resources.events, sent()[0]?.metadata.name ?? '', { namespace: 'default' });
    recorder.pod(aPod(), 'Normal', 'B', 'kept');
    await recorder.flush();
    expect(sent().map((e) => e.count)).toEqual([1]);
  });
  it('names the mirror of a static pod', async () => {
    const { recorder, sent } = setup();
    recorder.pod(aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } }), 'Normal', 'A', 'm');
    recorder.event({ kind: 'Node', name: 'n', uid: 'n' }, 'Normal', 'Starting', 'Starting kubelet.');
    await recorder.flush();
    expect(sent().map((e) => [e.involvedObject.kind, e.metadata.namespace])).toEqual([
      ['Pod', 'default'],
      ['Node', 'default'],
    ]);
  });
});
