import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Code, ConnectError } from '@connectrpc/connect';
import { toBinary } from '@bufbuild/protobuf';
import { serveBytes } from '../../net/grpc/testing/fake-server.ts';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import type { PodSpec } from '../../api/types.ts';
import type { NodePod } from '../pods/pod.ts';
import { createKubeletMetrics } from '../stats/kubelet-metrics.ts';
import { eventually } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import { openDevices, type DeviceManager } from './devices.ts';
import { DevicePluginOptionsSchema } from './proto/device_plugin_pb.ts';
import { registerPlugin, startFakePlugin, type FakePlugin, type FakePluginOptions } from './testing/fake-plugin.ts';

const RESOURCE = 'example.com/dev';

interface Bench {
  readonly devices: DeviceManager;
  readonly directory: string;
  readonly active: Set<string>;
  /** Uids of which the node was told, in order. */
  readonly told: string[];
  /** Moves the monotonic clock. */
  readonly later: (ms: number) => void;
  readonly plugin: (options?: Partial<FakePluginOptions>) => Promise<FakePlugin>;
  readonly restart: (running?: string[], synced?: boolean) => Promise<Bench>;
}

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function bench(rootDir = temporary(), running: string[] = [], synced = true): Promise<Bench> {
  let skew = 0;
  const clock = { ...systemHost.clock, monotonic: () => systemHost.clock.monotonic() + skew };
  const host: Host = { ...systemHost, clock };
  const active = new Set<string>();
  const told: string[] = [];
  const devices = await openDevices({
    host,
    rootDir,
    log: silentLogger,
    metrics: createKubeletMetrics(),
    running: async () => new Set(running),
  });
  await devices.serve({ active: () => active, synced: () => synced, changed: (uids) => void told.push(...uids) });
  closing.push(() => devices.close());
  const directory = join(rootDir, 'device-plugins');
  return {
    devices,
    directory,
    active,
    told,
    later: (ms) => (skew += ms),
    async plugin(options = {}) {
      const plugin = await startFakePlugin({ directory, resource: RESOURCE, ...options });
      closing.push(() => plugin.stop());
      return plugin;
    },
    async restart(stillRunning = [], nowSynced = true) {
      await devices.close();
      return bench(rootDir, stillRunning, nowSynced);
    },
  };
}

function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'devices-'));
  closing.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

const wanting = (uid: string, count: number, spec: Partial<PodSpec> = {}): NodePod =>
  aPod({ containers: [{ name: 'c', resources: { limits: { [RESOURCE]: String(count) } } }], ...spec }, { uid });
const idsOf = (b: Bench, uid: string, container = 'c'): string[] =>
  b.devices.ofContainer(uid, container).flatMap(({ ids }) => ids.map(({ id }) => id));
const amounts = (b: Bench): string => {
  const { capacity, allocatable } = b.devices.amounts();
  return `${allocatable[RESOURCE]} of ${capacity[RESOURCE]}`;
};

async function withDevices(b: Bench, ...ids: string[]): Promise<FakePlugin> {
  const plugin = await b.plugin();
  plugin.list(...ids);
  await plugin.register();
  await eventually(() => amounts(b) === `${ids.length} of ${ids.length}`);
  return plugin;
}

describe('a plugin', () => {
  it('that registers has its devices counted, the healthy ones as free', async () => {
    const b = await bench();
    const plugin = await withDevices(b, 'a', 'b');
    plugin.list('a', { ID: 'b', health: 'Unhealthy' }, { ID: 'c', health: 'whatever' });
    await eventually(() => amounts(b) === '1 of 3');
    plugin.list();
    await eventually(() => amounts(b) === '0 of 0');
  });

  it('that goes leaves devices that are not healthy, for five minutes; then the resource is 0', async () => {
    const b = await bench();
    const plugin = await withDevices(b, 'a', 'b');
    await plugin.stop();
    await eventually(() => amounts(b) === '0 of 2');
    b.later(299_000);
    expect(amounts(b)).toBe('0 of 2');
    b.later(2_000);
    expect(amounts(b)).toBe('0 of 0');
    expect(b.devices.manages(RESOURCE)).toBe(false);
    await withDevices(b, 'x');
    expect(amounts(b)).toBe('1 of 1');
  });

  it('that registers again replaces the one before, whose end then means nothing', async () => {
    const b = await bench();
    const first = await withDevices(b, 'a');
    const second = await b.plugin({ endpoint: 'second.sock' });
    second.list('x', 'y');
    await second.register();
    await eventually(() => amounts(b) === '2 of 2');
    await first.stop();
    first.list('a');
    expect(await b.devices.admit(wanting('u', 1))).toBeUndefined();
    expect(second.allocated).toEqual([['x']]);
    expect(amounts(b)).toBe('2 of 2');
  });

  it('may come a little later than it registers', async () => {
    const b = await bench();
    const registered = registerPlugin(b.directory, { version: 'v1beta1', endpoint: 'fake.sock', resourceName: RESOURCE });
    (await b.plugin()).list('a');
    await registered;
    await eventually(() => amounts(b) === '1 of 1');
  });

  it('is told why it may not register', async () => {
    const b = await bench();
    const register = (more: object): Promise<void> =>
      registerPlugin(b.directory, { version: 'v1beta1', endpoint: 'fake.sock', resourceName: RESOURCE, ...more });
    await expect(register({ version: 'v2' })).rejects.toMatchObject({
      code: 'unknown',
      message: 'requested API version "v2" is not supported by kubelet. Supported version is ["v1beta1"]',
    });
    await expect(register({ resourceName: 'cpu' })).rejects.toThrow('the ResourceName "cpu" is invalid');
    await expect(register({ endpoint: '../../x.sock' })).rejects.toThrow('is not a socket in the device plugin directory');
    // Its own socket answers, but is no plugin.
    await expect(register({ endpoint: 'kubelet.sock' })).rejects.toThrow(
      'failed to get device plugin options: rpc error: code = Unimplemented desc = unknown service v1beta1.DevicePlugin',
    );
    expect(b.devices.amounts().capacity).toEqual({});
  });

  it('that sends what is no message, or more than fits into one, is as one that goes', async () => {
    const b = await bench();
    const options = Buffer.from(
      toBinary(DevicePluginOptionsSchema, {
        $typeName: 'v1beta1.DevicePluginOptions',
        preStartRequired: false,
        getPreferredAllocationAvailable: false,
      }),
    );
    for (const [i, bytes] of [Buffer.from([0xff, 0xff, 0xff]), Buffer.alloc((4 << 20) + 1)].entries()) {
      const name = `bad${i}.sock`;
      const server = await serveBytes(join(b.directory, name), (path) => (path.endsWith('Options') ? options : bytes));
      closing.push(() => server.stop());
      await registerPlugin(b.directory, { version: 'v1beta1', endpoint: name, resourceName: RESOURCE });
      await eventually(() => !b.devices.manages(RESOURCE));
      expect(await b.devices.admit(wanting('u', 1))).toBeUndefined();
    }
    await withDevices(b, 'a');
  });

  it('may send any bytes for its options and its lists', async () => {
    const b = await bench();
    for (const [i, bytes] of fc.sample(fc.uint8Array({ maxLength: 80 }), 40).entries()) {
      const name = `fuzz${i}.sock`;
      const server = await serveBytes(join(b.directory, name), () => Buffer.from(bytes));
      await registerPlugin(b.directory, { version: 'v1beta1', endpoint: name, resourceName: RESOURCE }).catch((error: unknown) => {
        expect(String(error)).toContain('failed to get device plugin options');
      });
      await server.stop();
    }
    await withDevices(b, 'a');
    expect(await b.devices.admit(wanting('u', 1))).toBeUndefined();
  });

  it('that speaks something else is given up, and others are served meanwhile', async () => {
    const b = await bench();
    const noise = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    });
    await new Promise<void>((ok) => noise.listen(join(b.directory, 'noise.sock'), ok));
    closing.push(() => void noise.close());
    const refused = registerPlugin(b.directory, { version: 'v1beta1', endpoint: 'noise.sock', resourceName: 'example.com/noise' });
    refused.catch(() => undefined);
    await withDevices(b, 'a');
    await expect(refused).rejects.toThrow(/failed to (dial device plugin|get device plugin options)/);
  });

  it('with ten thousand devices is heard', async () => {
    const b = await bench();
    const ids = Array.from({ length: 10_000 }, (_, i) => `GPU-${String(i).padStart(40, '0')}`);
    const plugin = await withDevices(b, ...ids);
    expect(await b.devices.admit(wanting('u', 5000))).toBeUndefined();
    expect(plugin.allocated[0]).toHaveLength(5000);
  });
});

describe('a pod that asks for devices', () => {
  it('gets those that nobody has, and what the plugin says for them', async () => {
    const b = await bench();
    const plugin = await b.plugin({
      answer: (ids) => ({
        envs: { DEVICES: ids.join(',') },
        mounts: [{ containerPath: '/lib/x', hostPath: '/opt/x', readOnly: true }],
        devices: [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }],
        annotations: { a: 'b' },
        cdiDevices: [{ name: 'example.com/gpu=0' }],
      }),
    });
    plugin.list('a', 'b', 'c');
    await plugin.register();
    await eventually(() => amounts(b) === '3 of 3');
    const pod = wanting('u1', 2);
    expect(b.devices.wants(pod)).toBe(true);
    expect(b.devices.wants(aPod())).toBe(false);
    expect(await b.devices.admit(pod)).toBeUndefined();
    b.active.add('u1');
    const container = pod.spec.containers[0];
    if (!container) throw new Error('it has one');
    expect(await b.devices.prepare(pod, container)).toEqual({
      envs: new Map([['DEVICES', 'a,b']]),
      mounts: [{ containerPath: '/lib/x', hostPath: '/opt/x', readonly: true, propagation: 'private' }],
      devices: [{ containerPath: '/dev/x', hostPath: '/dev/null', permissions: 'rw' }],
      annotations: { a: 'b' },
      cdiDevices: ['example.com/gpu=0'],
    });
    expect(await b.devices.admit(wanting('u2', 2))).toBe(
      'Allocate failed due to requested number of devices unavailable for example.com/dev. Requested: 2, Available: 1, which is unexpected',
    );
    expect(plugin.allocated).toEqual([['a', 'b']]);
    // A refused pod keeps nothing.
    expect(await b.devices.admit(wanting('u3', 1))).toBeUndefined();
    expect(idsOf(b, 'u3')).toEqual(['c']);
  });

  it('finds free what pods had that are over', async () => {
    const b = await bench();
    await withDevices(b, 'a');
    b.active.add('u1');
    expect(await b.devices.admit(wanting('u1', 1))).toBeUndefined();
    expect(await b.devices.admit(wanting('u2', 1))).toContain('Requested: 1, Available: 0');
    b.active.delete('u1');
    expect(await b.devices.admit(wanting('u2', 1))).toBeUndefined();
    b.active.add('u2');
    b.devices.release('u2');
    expect(await b.devices.admit(wanting('u3', 1))).toBeUndefined();
  });

  it('is admitted beside others at the same time, and no device is given twice', async () => {
    const b = await bench();
    const plugin = await withDevices(b, ...Array.from({ length: 10 }, (_, i) => `d${i}`));
    const uids = Array.from({ length: 6 }, (_, i) => `u${i}`);
    uids.forEach((uid) => b.active.add(uid));
    const outcomes = await Promise.all(uids.map((uid) => b.devices.admit(wanting(uid, 2))));
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(5);
    expect(new Set(plugin.allocated.flat()).size).toBe(10);
  });

  it('passes devices of its init containers on, and those of sidecars not', async () => {
    const b = await bench();
    const plugin = await withDevices(b, 'a', 'b', 'c');
    const limits = (count: number) => ({ resources: { limits: { [RESOURCE]: String(count) } } });
    const pod = wanting('u', 2, {
      initContainers: [
        { name: 'first', ...limits(1) },
        { name: 'side', restartPolicy: 'Always', ...limits(1) },
        { name: 'second', ...limits(1) },
      ],
    });
    expect(await b.devices.admit(pod)).toBeUndefined();
    expect([idsOf(b, 'u', 'first'), idsOf(b, 'u', 'side'), idsOf(b, 'u', 'second'), idsOf(b, 'u')]).toEqual([
      ['a'],
      ['a'],
      ['b'],
      ['b', 'c'],
    ]);
    expect(plugin.allocated).toEqual([['a'], ['a'], ['b'], ['b', 'c']]);
  });

  it('gets the devices that the plugin would take', async () => {
    const b = await bench();
    const plugin = await b.plugin({ options: { getPreferredAllocationAvailable: true } });
    plugin.list('a', 'b', 'c');
    await plugin.register();
    await eventually(() => amounts(b) === '3 of 3');
    expect(await b.devices.admit(wanting('u', 2))).toBeUndefined();
    expect(plugin.offered).toEqual([['a', 'b', 'c']]);
    expect(idsOf(b, 'u')).toEqual(['c', 'b']);
  });

  it('has its plugin asked before each start of a container where it wants that', async () => {
    const b = await bench();
    let broken = false;
    const plugin = await b.plugin({
      options: { preStartRequired: true },
      calls: {
        preStartContainer({ devicesIds }) {
          if (broken) throw new ConnectError('no power', Code.Internal);
          plugin.preStarted.push(devicesIds);
          return {};
        },
      },
    });
    plugin.list('a');
    await plugin.register();
    await eventually(() => amounts(b) === '1 of 1');
    const pod = wanting('u', 1);
    const [container] = pod.spec.containers;
    if (!container) throw new Error('it has one');
    await b.devices.admit(pod);
    await b.devices.prepare(pod, container);
    await b.devices.prepare(pod, container);
    expect(plugin.preStarted).toEqual([['a'], ['a']]);
    broken = true;
    await expect(b.devices.prepare(pod, container)).rejects.toThrow(
      'device plugin PreStartContainer rpc failed with err: rpc error: code = Internal desc = no power',
    );
  });

  it.each([
    [
      'refuses',
      { allocate: () => Promise.reject(new ConnectError('device is <on fire>: ü', Code.FailedPrecondition)) },
      'rpc error: code = FailedPrecondition desc = device is <on fire>: ü',
    ],
    ['answers for no container', { allocate: () => ({ containerResponses: [] }) }, 'no containers return in allocation response '],
  ])('is refused when the plugin %s, and the devices are free again', async (_, calls, why) => {
    const b = await bench();
    const plugin = await b.plugin({ calls });
    plugin.list('a');
    await plugin.register();
    await eventually(() => amounts(b) === '1 of 1');
    for (const uid of ['u1', 'u2']) {
      b.active.add(uid);
      expect(await b.devices.admit(wanting(uid, 1))).toBe(`Allocate failed due to ${why}, which is unexpected`);
    }
    expect(idsOf(b, 'u1')).toEqual([]);
  });

  it('is refused when the plugin dies while it is asked', async () => {
    const b = await bench();
    const plugin = await b.plugin({ calls: { allocate: () => plugin.stop().then(() => ({})) } });
    plugin.list('a');
    await plugin.register();
    await eventually(() => amounts(b) === '1 of 1');
    expect(await b.devices.admit(wanting('u', 1))).toMatch(
      /^Allocate failed due to rpc error: code = Unavailable desc = .*, which is unexpected$/,
    );
    await eventually(() => amounts(b) === '0 of 1');
    expect(await b.devices.admit(wanting('u', 1))).toBe(
      'Allocate failed due to no healthy devices present; cannot allocate unhealthy devices example.com/dev, which is unexpected',
    );
  });

  it('waits no longer than the kubelet lives for a plugin that hangs', async () => {
    const b = await bench();
    const plugin = await b.plugin({ calls: { allocate: () => new Promise(() => undefined) } });
    plugin.list('a', 'b');
    await plugin.register();
    await eventually(() => amounts(b) === '2 of 2');
    const admitted = b.devices.admit(wanting('u1', 1));
    // Another resource is not held up by it.
    const other = await b.plugin({ endpoint: 'other.sock', resource: 'example.com/other' });
    other.list('o');
    await other.register();
    await eventually(() => b.devices.amounts().capacity['example.com/other'] === '1');
    const pod = aPod({ containers: [{ name: 'c', resources: { limits: { 'example.com/other': '1' } } }] }, { uid: 'u2' });
    expect(await b.devices.admit(pod)).toBeUndefined();
    await b.devices.close();
    expect(await admitted).toContain('Allocate failed due to rpc error');
  });

  it('is told of when the health of its devices changes', async () => {
    const b = await bench();
    const plugin = await withDevices(b, 'a', 'b');
    b.active.add('u');
    await b.devices.admit(wanting('u', 1));
    plugin.list({ ID: 'a', health: 'Unhealthy' }, 'b');
    await eventually(() => b.told.includes('u'));
    expect(b.devices.ofContainer('u', 'c')).toEqual([{ resource: RESOURCE, ids: [{ id: 'a', healthy: false, numaNodes: [] }] }]);
    expect(b.devices.allocatable()).toEqual([{ resource: RESOURCE, ids: [{ id: 'b', healthy: true, numaNodes: [] }] }]);
  });
});

describe('a kubelet that starts again', () => {
  it('knows who has which devices, and removes the sockets of plugins so that they come again', async () => {
    const before = await bench();
    expect(before.devices.isFresh()).toBe(true);
    const plugin = await before.plugin({ answer: () => ({ envs: { A: 'b' } }) });
    plugin.list({ ID: 'a', health: 'Healthy', topology: { nodes: [{ ID: 1n }] } }, 'b');
    await plugin.register();
    await eventually(() => amounts(before) === '2 of 2');
    before.active.add('u');
    const pod = wanting('u', 1);
    await before.devices.admit(pod);
    writeFileSync(join(before.directory, 'notes.txt'), 'mine');
    mkdirSync(join(before.directory, 'sub'));

    const b = await before.restart(['u'], false);
    expect(readdirSync(b.directory).toSorted()).toEqual(['kubelet.sock', 'kubelet_internal_checkpoint', 'notes.txt', 'sub']);
    expect(b.devices.isFresh()).toBe(false);
    expect(amounts(b)).toBe('0 of 0');
    b.active.add('u');
    expect(b.devices.ofContainer('u', 'c')).toEqual([{ resource: RESOURCE, ids: [{ id: 'a', healthy: true, numaNodes: ['1'] }] }]);
    // What ran goes on, what did not run has to have its devices.
    expect(await b.devices.admit(pod)).toBeUndefined();
    expect(await b.devices.admit(wanting('u2', 1))).toContain(
      'no healthy devices present; cannot allocate unhealthy devices example.com/dev',
    );
    const [container] = pod.spec.containers;
    if (!container) throw new Error('it has one');
    expect(Object.fromEntries((await b.devices.prepare(pod, container)).envs)).toEqual({ A: 'b' });
    const again = await withDevices(b, 'a', 'b');
    expect(await b.devices.admit(wanting('u2', 1))).toBeUndefined();
    expect(again.allocated).toEqual([['b']]);
  });

  it('takes a torn checkpoint for none', async () => {
    const before = await bench();
    await withDevices(before, 'a');
    await before.devices.admit(wanting('u', 1));
    const file = join(before.directory, 'kubelet_internal_checkpoint');
    await before.devices.close();
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -30));
    const b = await before.restart();
    expect(b.devices.manages(RESOURCE)).toBe(false);
    await withDevices(b, 'a');
    expect(await b.devices.admit(wanting('u2', 1))).toBeUndefined();
  });

  it('says that no plugin can register when its socket cannot be made', async () => {
    const root = join(temporary(), 'x'.repeat(120));
    const b = await bench(root);
    expect(b.devices.problem()).toContain('device plugin registration gRPC server failed and no device plugins can register');
  });
});
