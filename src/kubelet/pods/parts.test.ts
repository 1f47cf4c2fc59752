import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { internalError } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { PodStatus } from '../../api/types.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { createFakeApi } from '../testing/fake-api.ts';
import { createFakeRuntime } from '../testing/fake-runtime.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually } from '../testing/node.ts';
import { aPod, seen } from '../testing/objects.ts';
import { MESSAGE_PATH, MESSAGE_POLICY } from '../spec/labels.ts';
import { refusal } from './admission.ts';
import { createBackoff } from './backoff.ts';
import { createImagePuller } from './image-puller.ts';
import { parseImageName } from './image-name.ts';
import type { NodePod } from './pod.ts';
import { statusPatch } from './status-patch.ts';
import { createStatusWriter } from './status-writer.ts';
import { terminationMessage } from './termination-message.ts';

describe('back-off', () => {
  it('lets the first restart through, then doubles up to its end', () => {
    const backoff = createBackoff({ initialMs: 10, maxMs: 60 });
    expect(backoff.waiting('k', 0, 0)).toBeUndefined();
    let now = 0;
    const delays = Array.from({ length: 5 }, () => {
      backoff.next('k', now, now);
      const waiting = backoff.waiting('k', now, now);
      now += waiting?.delayMs ?? 0;
      return waiting?.delayMs;
    });
    expect(delays).toEqual([10, 20, 40, 60, 60]);
    expect(backoff.waiting('k', now - 60, now)).toBeUndefined();
  });
  it('forgets what ran well for long, and what it is told to forget', () => {
    const backoff = createBackoff({ initialMs: 10, maxMs: 60 });
    backoff.next('u_c', 0, 0);
    backoff.next('u_c', 0, 0);
    expect(backoff.waiting('u_c', 10, 10)?.delayMs).toBe(20);
    expect(backoff.waiting('u_c', 121, 121)).toBeUndefined();
    backoff.next('u_c', 121, 121);
    expect(backoff.waiting('u_c', 121, 121)?.delayMs).toBe(10);
    backoff.forget('u_');
    expect(backoff.waiting('u_c', 121, 121)).toBeUndefined();
  });
});

describe('image names', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['busybox', 'busybox:latest'],
    ['busybox:1.36', 'busybox:1.36'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    [`busybox@${digest}`, `busybox@${digest}`],
    [`r.example/a/b:1@${digest}`, `r.example/a/b:1@${digest}`],
    [digest, digest],
  ])('%s is asked for as %s', (text, name) => {
    expect(parseImageName(text)).toEqual({ name });
  });
  it.each([
    ['UPPER/Case:1', 'invalid reference format: repository name (Case) must be lowercase'],
    ['busyBox', 'invalid reference format: repository name (busyBox) must be lowercase'],
    ['', 'invalid reference format'],
    ['a b', 'invalid reference format'],
    ['x:', 'invalid reference format'],
    ['../../etc', 'invalid reference format'],
    ['a'.repeat(64), `invalid repository name (${'a'.repeat(64)}), cannot specify 64-byte hexadecimal strings`],
  ])('%j is refused', (text, error) => {
    expect(parseImageName(text)).toEqual({ error });
  });
  it('of any text are read or refused, and soon', () => {
    fc.assert(fc.property(fc.string({ maxLength: 2000 }), (text) => Object.keys(parseImageName(text)).length === 1));
  });
});

describe('the image of a container', () => {
  const ask = async (image: string, policy: string, options: Parameters<typeof createFakeRuntime>[0] = {}) => {
    const events: string[] = [];
    const runtime = createFakeRuntime(options);
    const puller = createImagePuller(runtime, systemHost.clock);
    const signal = new AbortController().signal;
    const container = { name: 'c', image, imagePullPolicy: policy };
    const once = () =>
      puller.ensure(aPod(), container, [], (type, reason, message) => events.push(`${type} ${reason}: ${message}`), signal);
    return { first: await once(), second: await once(), events, calls: runtime.calls };
  };
  const refuse = (): string => {
    throw new Error('no such host');
  };

  it('is used when it is there', async () => {
    const { first, calls } = await ask('busybox:1.36', 'IfNotPresent');
    expect('image' in first && first.image.repoTags).toEqual(['docker.io/library/busybox:1.36']);
    expect(calls).toEqual([]);
  });
  it('is pulled when it is not, and with Always each time', async () => {
    expect((await ask('other:1', 'IfNotPresent')).calls).toEqual(['pullImage other:1']);
    expect((await ask('busybox:1.36', 'Always')).calls).toEqual(['pullImage busybox:1.36', 'pullImage busybox:1.36']);
  });
  it('with Never is not pulled', async () => {
    const { first, events } = await ask('absent:1', 'Never');
    expect(first).toMatchObject({
      failed: { reason: 'ErrImageNeverPull', message: 'Container image "absent:1" is not present with pull policy of Never' },
    });
    expect(events[0]).toBe('Warning ErrImageNeverPull: Container image "absent:1" is not present with pull policy of Never');
  });
  it('that cannot be pulled waits before the next attempt', async () => {
    const { first, second, events, calls } = await ask('none:1', 'IfNotPresent', { pull: refuse });
    expect(first).toMatchObject({ failed: { reason: 'ErrImagePull', message: 'no such host' } });
    expect(second).toMatchObject({
      failed: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "none:1": ErrImagePull: no such host' },
    });
    expect(events).toEqual([
      'Normal Pulling: Pulling image "none:1"',
      'Warning Failed: Failed to pull image "none:1": no such host',
      'Normal BackOff: Back-off pulling image "none:1"',
    ]);
    expect(calls).toEqual(['pullImage none:1']);
  });
  it('without a proper name says so', async () => {
    const { first, events } = await ask('UPPER/Case:1', 'IfNotPresent');
    const message = `Failed to apply default image tag "UPPER/Case:1": couldn't parse image name "UPPER/Case:1": invalid reference format: repository name (Case) must be lowercase`;
    expect(first).toMatchObject({ failed: { reason: 'InvalidImageName', message } });
    expect(events[0]).toBe(`Warning InspectFailed: ${message}`);
  });
});

describe('admission', () => {
  const node = {
    metadata: { name: 'n', labels: { disk: 'ssd', 'kubernetes.io/os': 'linux' } },
    spec: { taints: [{ key: 'k', effect: 'NoExecute' }] },
  };
  const tolerations = [{ operator: 'Exists' }];
  const check = (pod: NodePod, others: readonly NodePod[] = []) =>
    refusal({ pod, others, node, allocatable: { cpu: '2', memory: '1Gi', pods: '3' }, allowedUnsafeSysctls: ['net.core.*'] });
  const wants = (resource: string, amount: string) =>
    aPod({ tolerations, containers: [{ name: 'c', resources: { requests: { [resource]: amount } } }] });
  const sysctl = (name: string) => aPod({ tolerations, securityContext: { sysctls: [{ name, value: '1' }] } });
  const port = aPod({ tolerations, containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] });

  it.each([
    ['a pod that fits', aPod({ tolerations }), [], undefined],
    [
      'too much cpu',
      wants('cpu', '1500m'),
      [wants('cpu', '600m')],
      { reason: 'OutOfcpu', message: "Node didn't have enough resource: cpu, requested: 1500, used: 600, capacity: 2000" },
    ],
    [
      'too much memory',
      wants('memory', '2Gi'),
      [],
      { reason: 'OutOfmemory', message: "Node didn't have enough resource: memory, requested: 2147483648, used: 0, capacity: 1073741824" },
    ],
    ['a resource that the node does not know', wants('example.com/gpu', '1'), [], undefined],
    [
      'too many pods',
      aPod({ tolerations }),
      [aPod(), aPod(), aPod()],
      { reason: 'OutOfpods', message: "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3" },
    ],
    [
      'another label',
      aPod({ tolerations, nodeSelector: { disk: 'hdd' } }),
      [],
      { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" },
    ],
    [
      'another operating system',
      aPod({ tolerations, nodeSelector: { 'kubernetes.io/os': 'windows' } }),
      [],
      {
        reason: 'PodOSSelectorNodeLabelDoesNotMatch',
        message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
      },
    ],
    [
      'a port that is taken',
      port,
      [port],
      { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" },
    ],
    [
      'a taint',
      aPod(),
      [],
      { reason: 'TaintToleration', message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate" },
    ],
    ['a taint and a static pod', aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } }), [], undefined],
    [
      'an unsafe sysctl',
      sysctl('kernel.msgmax'),
      [],
      { reason: 'SysctlForbidden', message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' },
    ],
    ['an allowed sysctl', sysctl('net.core.x'), [], undefined],
  ])('looks at %s', (_what, pod, others, expected) => {
    expect(check(pod, others)).toEqual(expected);
  });
});

describe('the patch of a status', () => {
  it('is nothing when nothing differs, whatever the order of keys', () => {
    const status: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
    expect(statusPatch(status, { conditions: [{ status: 'True', type: 'Ready' }], phase: 'Running' })).toBeUndefined();
  });
  it('names what went', () => {
    const before: PodStatus = {
      phase: 'Pending',
      reason: 'x',
      podIPs: [{ ip: '1' }],
      conditions: [
        { type: 'Ready', status: 'False', reason: 'r', message: 'm' },
        { type: 'PodScheduled', status: 'True' },
        { type: 'example.com/x', status: 'True' },
      ],
    };
    const after: PodStatus = { phase: 'Running', podIPs: [{ ip: '2' }], conditions: [{ type: 'Ready', status: 'True' }] };
    expect(statusPatch(before, after)).toEqual({
      phase: 'Running',
      reason: null,
      podIPs: [{ ip: '2' }, { ip: '1', $patch: 'delete' }],
      '$setElementOrder/podIPs': [{ ip: '2' }],
      conditions: [
        { type: 'Ready', status: 'True', reason: null, message: null },
        { type: 'PodScheduled', $patch: 'delete' },
      ],
      '$setElementOrder/conditions': [{ type: 'Ready' }],
    });
  });
});

describe('the status writer', () => {
  const setup = () => {
    const api = createFakeApi('n');
    const { metadata, spec, status } = api.createPod({ metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
    const pod: NodePod = { metadata: { ...metadata, namespace: 'default' }, spec, status };
    const writer = createStatusWriter({
      client: api.client,
      clock: fastHost(100).clock,
      log: silentLogger,
      target: (of) => ({ ...of.metadata, status: of.status }),
    });
    const phases = (): (string | undefined)[] => api.history.map((p) => p.status.phase);
    return { api, pod, writer, phases };
  };

  it('writes every state in order, and nothing twice', async () => {
    const { pod, writer, phases } = setup();
    for (const phase of ['Pending', 'Running', 'Running', 'Succeeded']) writer.publish(pod, { phase, startTime: 'x' });
    await writer.flush('no such pod');
    await writer.flush(pod.metadata.uid);
    expect(phases()).toEqual(['Pending', 'Pending', 'Running', 'Succeeded']);
    writer.publish(pod, { phase: 'Succeeded', startTime: 'x' });
    await writer.flush(pod.metadata.uid);
    expect(phases()).toHaveLength(4);
  });
  it('tries again when the server fails', async () => {
    const { api, pod, writer, phases } = setup();
    api.failNext('patch', internalError('down'));
    writer.publish(pod, { phase: 'Running' });
    await writer.flush(pod.metadata.uid);
    expect(phases().at(-1)).toBe('Running');
  });
  it('never writes to another pod of the same name', async () => {
    const { api, pod, writer, phases } = setup();
    writer.publish({ ...pod, metadata: { ...pod.metadata, uid: 'older' } }, { phase: 'Failed' });
    await writer.flush('older');
    expect(phases()).toEqual(['Pending']);
    expect(api.pod('p')?.status.phase).toBe('Pending');
  });
  it('puts back what somebody else changed', async () => {
    const { api, pod, writer } = setup();
    writer.publish(pod, { phase: 'Running' });
    await writer.flush(pod.metadata.uid);
    const changed = await api.client.patch(resources.pods, 'p', 'strategic', { status: { phase: 'Failed' } }, { namespace: 'default' });
    writer.seen(pod, changed.status, changed.metadata.resourceVersion);
    await eventually(() => api.pod('p')?.status.phase === 'Running');
  });
});

describe('last words', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'words-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const words = async (
    file: string | undefined,
    policy: string,
    exit: { exitCode: number; reason?: string; message?: string },
    log = '',
  ): Promise<string> => {
    const [base] = seen([{ name: 'c', state: 'exited', ...exit }]).containers;
    if (base === undefined) throw new Error('no container');
    if (file !== undefined) await writeFile(join(dir, 'm'), file);
    await writeFile(join(dir, 'log'), log);
    return terminationMessage(systemHost.files, {
      ...base,
      annotations: { ...base.annotations, [MESSAGE_PATH]: '/dev/m', [MESSAGE_POLICY]: policy },
      mounts: [{ containerPath: '/dev/m', hostPath: join(dir, 'm'), readonly: false, propagation: 'private' }],
      logPath: join(dir, 'log'),
    });
  };
  const log = '2026-01-01T00:00:00Z stdout F one\n2026-01-01T00:00:00Z stderr P tw\n2026-01-01T00:00:00Z stderr F o\n';

  it.each([
    ['the file', 'why\n', 'File', { exitCode: 0 }, 'why\n'],
    ['the end of a long file', 'x'.repeat(9000), 'File', { exitCode: 1 }, 'x'.repeat(4096)],
    ["the runtime's own text before it", 'why', 'File', { exitCode: 128, message: 'exec failed' }, 'exec failed: why'],
    ['the log when the file is empty and the end was bad', '', 'FallbackToLogsOnError', { exitCode: 1 }, 'one\ntwo\n'],
    ['nothing when the end was good', '', 'FallbackToLogsOnError', { exitCode: 0 }, ''],
    ['the file before the log', 'f', 'FallbackToLogsOnError', { exitCode: 1 }, 'f'],
    ['the log when the file is gone', undefined, 'FallbackToLogsOnError', { exitCode: 1 }, 'one\ntwo\n'],
  ])('are %s', async (_what, file, policy, exit, expected) => {
    expect(await words(file, policy, exit, log)).toBe(expected);
  });
  it('from a log are short', async () => {
    expect((await words('', 'FallbackToLogsOnError', { exitCode: 1 }, `t stdout F ${'y'.repeat(20_000)}\n`)).length).toBeLessThanOrEqual(
      2048,
    );
  });
  it('say when the file cannot be read', async () => {
    expect(await words(undefined, 'File', { exitCode: 1 })).toMatch(/^Error on reading termination log .*ENOENT/);
  });
});
