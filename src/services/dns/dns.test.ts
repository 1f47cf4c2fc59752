import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { decode, encode, RECURSION_DESIRED, type Packet } from 'dns-packet';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { resources } from '../../api/resources.ts';
import type { Service, Stored } from '../../api/types.ts';
import type { Informer, KubeClient } from '../../client/kube-client.ts';
import { systemClock } from '../../util/clock.ts';
import { silentLogger } from '../../util/log.ts';
import { respond } from './answer.ts';
import { startClusterDns, type ClusterDns } from './dns.ts';
import { readMessages } from './framing.ts';
import type { Zone } from './zone.ts';

const HOST = '127.0.0.1';
/** Another address of this machine: a server never asks its own. */
const UPSTREAM = '127.0.0.2';
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

function stored(name: string, spec: NonNullable<Service['spec']>): [string, Stored<Service>] {
  return [
    `default/${name}`,
    {
      metadata: { namespace: 'default', name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec,
      status: {},
    },
  ];
}

const many = Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i}` }));
const SERVICES = new Map([
  stored('kubernetes', { clusterIP: '10.96.0.1', clusterIPs: ['10.96.0.1'], ports: [{ name: 'https', port: 443 }] }),
  stored('out', { type: 'ExternalName', externalName: 'upstream.test' }),
  stored('ring', { type: 'ExternalName', externalName: 'ring.default.svc.cluster.local' }),
  stored('many', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 80 }] }),
]);
const ENDPOINTS = new Map([['default/many', { ...SERVICES.get('default/many'), subsets: [{ addresses: many, ports: [{ port: 80 }] }] }]]);

/** A client whose informers hold what is given; `synced` never comes when they are to wait. */
function clientOf(wait = false): KubeClient {
  const informer = (items: ReadonlyMap<string, unknown>): Informer<unknown> => ({
    items,
    synced: wait ? new Promise(() => undefined) : Promise.resolve(),
    stop: () => undefined,
  });
  const inform = (resource: unknown): Informer<unknown> => informer(resource === resources.services ? SERVICES : ENDPOINTS);
  return { inform } as unknown as KubeClient;
}

/** A name server that knows `upstream.test`; says how often it was asked. */
async function upstream(): Promise<{ readonly port: number; asked: () => number }> {
  const socket = createSocket('udp4');
  let count = 0;
  socket.on('message', (message, from) => {
    count += 1;
    const { id, questions = [] } = decode(message);
    const name = questions[0]?.name ?? '';
    const answers = name === 'upstream.test' ? [{ type: 'A', name, ttl: 5, data: '192.0.2.1' } as const] : [];
    const packet: Packet = { type: 'response', id: id ?? 0, flags: answers.length > 0 ? 0 : 3, questions, answers };
    socket.send(encode(packet), from.port, from.address);
  });
  socket.bind(0, UPSTREAM);
  await once(socket, 'listening');
  closing.push(() => void socket.close());
  return { port: socket.address().port, asked: () => count };
}

async function start(upstreamPort: number, wait = false): Promise<{ readonly dns: ClusterDns; readonly resolver: Resolver }> {
  const dns = await startClusterDns({
    client: clientOf(wait),
    address: HOST,
    port: 0,
    domain: 'cluster.local',
    upstreams: async () => [HOST, UPSTREAM],
    upstreamPort,
    clock: systemClock,
    log: silentLogger,
  });
  closing.push(() => dns.close());
  if (!wait) await dns.ready;
  const resolver = new Resolver({ timeout: 10_000, tries: 1 });
  resolver.setServers([`${HOST}:${dns.port}`]);
  return { dns, resolver };
}

describe('the cluster DNS server', () => {
  it('answers a real resolver from the zone, by UDP and by TCP when the answer is long', async () => {
    const { resolver } = await start((await upstream()).port);
    expect(await resolver.resolve4('kubernetes.default.svc.cluster.local')).toEqual(['10.96.0.1']);
    expect(await resolver.resolveSrv('_https._tcp.kubernetes.default.svc.cluster.local')).toEqual([
      { name: 'kubernetes.default.svc.cluster.local', port: 443, priority: 0, weight: 100 },
    ]);
    expect(await resolver.reverse('10.96.0.1')).toEqual(['kubernetes.default.svc.cluster.local']);
    expect((await resolver.resolve4('many.default.svc.cluster.local')).toSorted()).toEqual(many.map(({ ip }) => ip).toSorted());
  });

  it('sends other names on, follows aliases there, and passes a no on', async () => {
    const { port, asked } = await upstream();
    const { resolver } = await start(port);
    expect(await resolver.resolve4('upstream.test')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve4('out.default.svc.cluster.local')).toEqual(['192.0.2.1']);
    expect(await resolver.resolveCname('out.default.svc.cluster.local')).toEqual(['upstream.test']);
    await expect(resolver.resolve4('other.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    const before = asked();
    await expect(resolver.resolve4('missing.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked()).toBe(before);
  });

  it('says that it failed when an alias leads to itself, and before it has read the Services', async () => {
    const { port } = await upstream();
    const { resolver } = await start(port);
    await expect(resolver.resolve4('ring.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    const early = await start(port, true);
    await expect(early.resolver.resolve4('kubernetes.default.svc.cluster.local')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(await early.resolver.resolve4('upstream.test')).toEqual(['192.0.2.1']);
  });

  it('says that the port is taken', async () => {
    const taken = createServer().listen(0, HOST);
    await once(taken, 'listening');
    closing.push(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const options = {
      client: clientOf(),
      address: HOST,
      port,
      domain: 'cluster.local',
      upstreams: async () => [],
      clock: systemClock,
      log: silentLogger,
    };
    await expect(startClusterDns(options)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('reads several queries of one TCP connection, however they are cut', async () => {
    const { dns } = await start((await upstream()).port);
    const query = (id: number): Buffer => {
      const body = Buffer.from(
        encode({
          type: 'query',
          id,
          flags: RECURSION_DESIRED,
          questions: [{ type: 'A', name: 'kubernetes.default.svc.cluster.local', class: 'IN' }],
        }),
      );
      return Buffer.concat([Buffer.from([body.length >> 8, body.length & 0xff]), body]);
    };
    const socket = connect(dns.port, HOST);
    closing.push(() => socket.destroy());
    const ids: (number | undefined)[] = [];
    const all = new Promise<void>((resolve) => readMessages(socket, (message) => ids.push(decode(message).id) === 3 && resolve()));
    for (const byte of Buffer.concat([query(1), query(2), query(3)])) socket.write(Buffer.from([byte]));
    await all;
    expect(ids.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual([1, 2, 3]);
  });

  it('answers or drops whatever comes, and never throws', async () => {
    const zone: Zone = { domain: 'cluster.local', address: HOST, services: SERVICES, endpoints: new Map(), now: 0 };
    const resolver = { zone: () => zone, domain: zone.domain, forward: async () => undefined };
    const header = fc
      .tuple(fc.uint8Array({ minLength: 2, maxLength: 2 }), fc.constantFrom(0, 1, 0x28, 0x80))
      .map(([id, flags]) => Buffer.from([...id, flags, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(header, fc.uint8Array({ maxLength: 300 })).map(([head, bytes]) => Buffer.concat([head, bytes])),
      fc
        .tuple(header, fc.array(fc.string({ unit: 'binary', maxLength: 70 }), { maxLength: 8 }))
        .map(([head, labels]) =>
          Buffer.concat([
            head,
            ...labels.map((label) => Buffer.from([Math.min(Buffer.byteLength(label), 63), ...Buffer.from(label).subarray(0, 63)])),
            Buffer.from([0, 0, 1, 0, 1]),
          ]),
        ),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (message) => {
        const answer = await respond(resolver, message, 'udp');
        if (answer === undefined) return;
        expect(answer.length).toBeLessThanOrEqual(1232);
        expect(answer.readUInt16BE(0)).toBe(message.readUInt16BE(0));
        expect((answer[2] ?? 0) & 0x80).toBe(0x80);
      }),
      { numRuns: 500 },
    );
  });
});
