import { encoded } from '../../../metrics/encoded.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../util/clock.ts';
import { systemClock } from '../../../util/clock.ts';
import type { Measured, Snapshot } from '../../stats/collector.ts';
import { parseDiskstats, type Disks } from '../../stats/filesystems.ts';
import { targetLabels } from '../../stats/targets.ts';
import { ask, podUid, startTestServer, type Answer, type Ask } from '../testing.ts';
import type { KubeletServerHandle } from '../server.ts';
import { createStreamTokens, type PendingStream } from './stream-tokens.ts';

const token = 'admin:*';
const MIB = 1024 * 1024;
const RESOURCE = `# HELP node_cpu_usage_seconds_total [STABLE] Cumulative cpu time
# TYPE node_cpu_usage_seconds_total counter
node_cpu_usage_seconds_total 5 1700000000000
# HELP pod_cpu_usage_seconds_total [STABLE] x
# TYPE pod_cpu_usage_seconds_total counter
pod_cpu_usage_seconds_total{namespace="a",pod="b"} 1
# HELP resource_scrape_error [STABLE] 1 if there was an error
# TYPE resource_scrape_error gauge
resource_scrape_error 0
`;

function measured(path: string, container?: string): Measured {
  return {
    target: {
      path,
      kind: path === '/' ? 'root' : container === undefined ? 'group' : 'container',
      labels: targetLabels({ id: path }),
      podUid,
      ...(container !== undefined && {
        container: { id: 'c1', metadata: { name: container }, labels: { l: 'v' }, image: 'host', createdAt: 1 } as never,
      }),
    },
    at: 1_700_000_000_000,
    sample: {
      cpu: { usageNs: 7, userNs: 4, systemNs: 3 },
      memory: {
        usage: 2 * MIB,
        workingSet: MIB,
        rss: 5,
        cache: 6,
        mappedFile: 0,
        swap: 0,
        activeFile: 0,
        inactiveFile: MIB,
        pageFaults: 1,
        majorPageFaults: 0,
      },
      pressure: {},
      io: container === undefined ? [] : [{ major: 8, minor: 0, readBytes: 1, writeBytes: 2, reads: 3, writes: 4 }],
    },
    spec: { cpuShares: 1024 },
    madeAt: 1,
    nanoCores: 0,
    load: { running: 0, uninterruptible: 0 },
    processes: undefined,
  };
}

const snapshot: Snapshot = {
  at: 1_700_000_000_000,
  root: measured('/'),
  rootNetwork: [],
  groups: [measured('/kubepods')],
  pods: [
    {
      targets: { group: measured('/kubepods/pod').target, sandbox: { labels: {} } } as never,
      group: measured('/kubepods/pod'),
      sandbox: undefined,
      containers: [measured('/kubepods/pod/c1', 'main')],
      networkAt: 1,
      network: undefined,
    },
  ],
};

const disks: Disks = {
  at: 1_700_000_000_000,
  filesystems: [{ device: '/dev/vda', major: 8, minor: 0, capacityBytes: 100, usedBytes: 40, inodes: 9, inodesFree: 3 }],
  disks: parseDiskstats('8 0 vda 1 2 3 4 5 6 7 8 9 10 11\n'),
};

let server: KubeletServerHandle;
const send = (path: string, options: Ask = {}): Promise<Answer> => ask(server.addresses.secure?.port ?? 0, path, { token, ...options });
beforeAll(async () => {
  server = await startTestServer(
    {},
    {
      features: { legacyEndpoints: true },
      measurements: {
        snapshot: () => Promise.resolve(snapshot),
        disks: () => Promise.resolve(disks),
        resource: () => Promise.resolve(encoded(RESOURCE)),
      },
    },
  );
});
afterAll(() => server.close());

describe('legacy endpoints', () => {
  const paths: [string, string][] = [
    ['/spec/', 'spec'],
    ['/stats/', 'stats'],
    ['/stats/container', 'stats'],
    ['/stats/logger/main', 'stats'],
    [`/stats/web/logger/${podUid}/main`, 'stats'],
    ['/metrics/resource/v1alpha1', 'metrics'],
    ['/cri/exec/x', 'proxy'],
  ];
  for (const [path, subresource] of paths)
    it(`${path} asks for nodes/${subresource}, and is unknown to the read-only server`, async () => {
      expect((await send(path, { token: 'bad' })).status).toBe(401);
      expect((await send(path, { token: 'user:nothing' })).body).toContain(`subresource(s)=[${subresource}]`);
      expect((await send(path, { token: `user:${subresource}` })).status).not.toBe(403);
      expect((await ask(server.addresses.readonly?.port ?? 0, path)).status).toBe(404);
    });

  it('/spec/ is this machine', async () => {
    const { status, headers, body } = await send('/spec/');
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const spec = JSON.parse(body) as Record<string, unknown>;
    expect(Object.keys(spec).slice(0, 8)).toEqual([
      'timestamp',
      'vendor_id',
      'num_cores',
      'num_physical_cores',
      'num_sockets',
      'cpu_frequency_khz',
      'memory_capacity',
      'swap_capacity',
    ]);
    expect(spec['num_cores']).toBeGreaterThan(0);
    expect(spec['nvm']).toEqual({ memory_mode_capacity: 0, 'app direct_mode_capacity': 0, avg_power_budget: 0 });
    expect(spec['filesystems']).toEqual([{ device: '/dev/vda', capacity: 100, type: 'vfs', inodes: 9, has_inodes: true }]);
    expect(body.startsWith('{\n "timestamp"')).toBe(true);
  });

  it('/stats/ is the root and names what is below it', async () => {
    const root = JSON.parse((await send('/stats/')).body) as { name: string; subcontainers: unknown; stats: { cpu: unknown }[] };
    expect([root.name, root.subcontainers]).toEqual(['/', [{ name: '/kubepods' }]]);
    expect(root.stats[0]?.cpu).toMatchObject({ usage: { total: 7, user: 4, system: 3 } });
  });

  it('/stats/container answers by path, with subcontainers when asked', async () => {
    const keys = async (body: string): Promise<string[]> =>
      Object.keys(JSON.parse((await send('/stats/container', { method: 'POST', body })).body) as object);
    expect(await keys('{"containerName":"kubepods"}')).toEqual(['/kubepods']);
    expect(await keys('{"containerName":"/kubepods","subcontainers":true,"num_stats":5}')).toEqual([
      '/kubepods',
      '/kubepods/pod',
      '/kubepods/pod/c1',
    ]);
    expect(await keys('')).toEqual(['/']);
  });

  it.each<[body: string, names: string[]]>([
    ['null', ['/']],
    ['{}', ['/']],
    ['{"containerName":null,"subcontainers":null}', ['/']],
    ['{"CONTAINERNAME":"/kubepods/"}', ['/kubepods']],
    ['{"containerName":"kubepods/pod","more":[1]}', ['/kubepods/pod']],
    ['{"containerName":"","num_stats":-1}', ['/']],
  ])('/stats/container reads %s as Go does', async (body, names) => {
    const { status, body: text } = await send('/stats/container', { method: 'POST', body });
    expect([status, Object.keys(JSON.parse(text) as object)]).toEqual([200, names]);
  });

  it.each([
    ['{"containerName":"/../../etc"}', 'unknown container "/etc"'],
    ['{"containerName":5}', 'json: cannot unmarshal number into Go struct field StatsRequest.containerName of type string'],
    ['{"num_stats":1.5}', 'json: cannot unmarshal number 1.5 into Go struct field StatsRequest.num_stats of type int'],
    ['{"num_stats":"1"}', 'json: cannot unmarshal string into Go struct field StatsRequest.num_stats of type int'],
    ['{"subcontainers":"yes"}', 'json: cannot unmarshal string into Go struct field StatsRequest.subcontainers of type bool'],
    ['{"start":"yesterday"}', 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
    ['[]', 'json: cannot unmarshal array into Go value of type stats.StatsRequest'],
    ['7', 'json: cannot unmarshal number into Go value of type stats.StatsRequest'],
    ['{', 'unexpected EOF'],
    ['\u0000', "invalid character '\\x00' looking for beginning of value"],
    [`"${'x'.repeat(70_000)}"`, 'http: request body too large'],
  ])('/stats/container refuses %.60s', async (body, message) => {
    const answer = await send('/stats/container', { method: 'POST', body });
    expect([answer.status, answer.body]).toEqual([500, `Internal Error: ${message}`]);
  });

  it('/stats/container/ is asked by Heapster with a slash, a time and for one sample; its disks and file systems are read', async () => {
    const asked = { containerName: '/', num_stats: 1, start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:01:00Z', subcontainers: true };
    const { status, body } = await send('/stats/container/', {
      method: 'POST',
      body: JSON.stringify(asked),
      headers: { 'content-type': 'application/json' },
    });
    expect(status).toBe(200);
    const all = JSON.parse(body) as Record<string, { spec: Record<string, unknown>; stats: Record<string, unknown>[] }>;
    expect(Object.keys(all)).toEqual(['/', '/kubepods', '/kubepods/pod', '/kubepods/pod/c1']);
    expect(Object.values(all).map(({ stats }) => stats.length)).toEqual([1, 1, 1, 1]);
    expect(all['/']?.spec['has_filesystem']).toBe(true);
    expect(all['/']?.stats[0]?.['filesystem']).toMatchObject([
      { device: '/dev/vda', capacity: 100, usage: 40, available: 60, inodes_free: 3 },
    ]);
    expect(all['/kubepods/pod/c1']?.stats[0]?.['diskio']).toEqual({
      io_service_bytes: [{ device: '/dev/vda', major: 8, minor: 0, stats: { Read: 1, Total: 3, Write: 2 } }],
      io_serviced: [{ device: '/dev/vda', major: 8, minor: 0, stats: { Read: 3, Total: 7, Write: 4 } }],
    });
    expect(all['/kubepods/pod/c1']?.stats[0]?.['filesystem']).toBeUndefined();
  });

  it('/stats/container without samples has none', async () => {
    const { body } = await send('/stats/container', { method: 'POST', body: '{"num_stats":0}' });
    expect(JSON.parse(body)).toEqual({ '/': expect.not.objectContaining({ stats: expect.anything() }) });
  });

  it('/stats/…/container finds a pod’s container by names and uid', async () => {
    const found = JSON.parse((await send(`/stats/web/logger/${podUid}/main`)).body) as { labels: unknown; aliases: string[] };
    expect([found.labels, found.aliases]).toEqual([{ l: 'v' }, ['c1']]);
    for (const path of ['/stats/web/logger/other/main', `/stats/web/logger/${podUid}/nope`, '/stats/logger/main']) {
      const answer = await send(path);
      expect([answer.status, answer.body]).toEqual([404, 'no matching container']);
    }
  });

  it('/metrics/resource/v1alpha1 has the families of its time', async () => {
    const { body } = await send('/metrics/resource/v1alpha1');
    expect(body).toContain('node_cpu_usage_seconds_total 5 1700000000000\n');
    expect(body).toContain('# TYPE scrape_error gauge\nscrape_error 0\n');
    expect(body).not.toContain('pod_');
  });
});

describe('/cri/', () => {
  const spdy = { connection: 'Upgrade', upgrade: 'SPDY/3.1', 'x-stream-protocol-version': 'v4.channel.k8s.io' };

  it('is where exec without an upgrade leads, once, for the one who asked', async () => {
    const first = await send('/exec/web/logger/main?command=id&output=1', { method: 'POST' });
    const location = first.headers.location ?? '';
    expect([first.status, location]).toEqual([302, expect.stringMatching(/^\/cri\/exec\/[\w-]{24}$/)]);
    expect((await send(location, { token: 'other:*', headers: spdy })).status).toBe(404);
    expect((await send(location.replace('exec', 'attach'), { headers: spdy })).status).toBe(404);
    const opened = await send(location);
    expect([opened.status, opened.body]).toEqual([500, 'Upgrade request required\n']);
    expect((await send(location, { headers: spdy })).status).toBe(404);
  });

  it('is not offered for what cannot be', async () => {
    expect((await send('/exec/web/nope/main?command=id&output=1')).status).toBe(404);
    expect((await send('/exec/web/logger/main?command=id')).status).toBe(400);
    const get = await send('/portForward/web/logger');
    expect([get.status, get.body]).toEqual([302, `<a href="${get.headers.location}">Found</a>.\n\n`]);
  });
});

describe('stream tokens', () => {
  const stream: PendingStream = { kind: 'exec', user: 'u', params: {}, rawQuery: '' };

  it('end after a minute, and no more than a thousand wait', () => {
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    const tokens = createStreamTokens(clock);
    const first = tokens.keep(stream) ?? '';
    for (let i = 1; i < 1_000; i++) expect(tokens.keep(stream)).toBeDefined();
    expect(tokens.keep(stream)).toBeUndefined();
    now = 60_000;
    expect(tokens.take(first, 'exec', 'u')).toBeUndefined();
    expect(tokens.keep(stream)).toBeDefined();
  });
});
