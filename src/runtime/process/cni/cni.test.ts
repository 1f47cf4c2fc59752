/** Networks by Debian's CNI plugins, and by plugins that misbehave. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost } from '../../../util/host.ts';
import { silentLogger } from '../../../util/log.ts';
import type { PodSandboxConfig } from '../../runtime.ts';
import { cannotRun, startHarness, type Harness } from '../testing/harness.ts';
import { openCni, type Cni } from './cni.ts';
import { isSince, parseCniNetwork, readCniNetwork } from './config.ts';
import { addressesOf, sandboxAddresses } from './result.ts';

const BIN_DIRS = ['/opt/cni/bin', '/usr/lib/cni'];
const hasPlugins = BIN_DIRS.some((dir) => existsSync(join(dir, 'bridge')));
const reason = cannotRun() ?? (hasPlugins ? null : 'needs the Debian package containernetworking-plugins');

it('has plugins when the machine is a build machine', () => {
  expect(process.env['CI'] === 'true' ? reason : null).toBeNull();
});

describe('a configuration', () => {
  it.each([
    [
      'a list',
      { cniVersion: '1.0.0', name: 'n', plugins: [{ type: 'bridge', capabilities: { portMappings: true } }] },
      ['bridge'],
      '1.0.0',
    ],
    ['one plugin', { cniVersion: '0.3.1', name: 'n', type: 'ptp' }, ['ptp'], '0.3.1'],
    ['one without a version', { name: 'n', type: 'ptp' }, ['ptp'], '0.1.0'],
  ])('may be %s', (_what, value, types, version) => {
    const network = parseCniNetwork(JSON.stringify(value));
    expect([network.plugins.map((plugin) => plugin.type), network.cniVersion]).toEqual([types, version]);
  });
  it.each([
    ['{', /JSON/],
    ['[]', /not a JSON object/],
    ['{}', /invalid network name/],
    ['{"name":"../n","type":"x"}', /invalid network name/],
    ['{"name":"n","cniVersion":"9.0.0","type":"x"}', /unsupported CNI version "9.0.0"/],
    ['{"name":"n","plugins":[]}', /no plugins in list/],
    ['{"name":"n","plugins":"x"}', /no plugins in list/],
    ['{"name":"n","plugins":[7]}', /not a JSON object/],
    ['{"name":"n","plugins":[{"type":"../../bin/sh"}]}', /file name/],
    ['{"name":"n"}', /file name/],
  ])('like %s is refused', (text, message) => {
    expect(() => parseCniNetwork(text)).toThrow(message);
  });
  it('is the first usable one by name', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nodelet-cni-'));
    expect(await readCniNetwork(systemHost, dir)).toBeNull();
    expect(await readCniNetwork(systemHost, join(dir, 'absent'))).toBeNull();
    writeFileSync(join(dir, '05-broken.conf'), '{');
    await expect(readCniNetwork(systemHost, dir)).rejects.toThrow(/no valid CNI network configuration: .*05-broken.conf/);
    writeFileSync(join(dir, '20-b.conf'), '{"name":"b","type":"x"}');
    writeFileSync(join(dir, '10-a.conflist'), '{"name":"a","plugins":[{"type":"x"}]}');
    writeFileSync(join(dir, '00-other.txt'), '{"name":"c","type":"x"}');
    expect((await readCniNetwork(systemHost, dir))?.name).toBe('a');
    rmSync(dir, { recursive: true });
  });
  it('of any shape is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          parseCniNetwork(text);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('a result', () => {
  it.each([
    [{ ips: [{ address: '10.0.0.2/24' }, { address: 'fd00::2/64' }] }, ['10.0.0.2', 'fd00::2']],
    [{ ips: [{ address: 'fd00::2/64' }, { address: '10.0.0.2/24' }] }, ['10.0.0.2', 'fd00::2']],
    [{ ip4: { ip: '10.0.0.2/24' }, ip6: { ip: 'fd00::2/64' } }, ['10.0.0.2', 'fd00::2']],
    [{ ips: [{ address: 'no' }, 7, null, { address: 'x'.repeat(10_000) }] }, []],
    [{}, []],
  ])('%j names %j', (result, addresses) => {
    expect(addressesOf(result)).toEqual(addresses);
  });
  it('counts with the addresses inside the sandbox alone', () => {
    const interfaces = [{ name: 'cni0' }, { name: 'eth0', sandbox: '/run/netns/x' }];
    const ips = [
      { address: '10.0.0.1/24', interface: 0 },
      { address: '10.0.0.2/24', interface: 1 },
      { address: '10.0.0.3/24', interface: 9 },
    ];
    expect(sandboxAddresses({ interfaces, ips })).toEqual(['10.0.0.2', '10.0.0.3']);
  });
  it('of any shape gives addresses or an error', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          expect(sandboxAddresses(value).every((address) => address.length < 64)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
  it('versions are compared in their order', () => {
    expect([isSince('1.0.0', '0.4.0'), isSince('0.3.1', '0.4.0'), isSince('0.4.0', '0.4.0')]).toEqual([true, false, true]);
  });
});

const pod = (more: Partial<PodSandboxConfig> = {}): PodSandboxConfig => ({
  metadata: { name: 'p;CNI_X=1', uid: 'u', namespace: 'ns', attempt: 0 },
  hostname: 'p',
  logDirectory: '',
  portMappings: [],
  labels: {},
  annotations: {},
  cgroupParent: '',
  sysctls: {},
  security: {
    namespaces: { network: 'pod', pid: 'container', ipc: 'pod' },
    privileged: false,
    supplementalGroups: [],
    readonlyRootfs: false,
    seccomp: { type: 'unconfined' },
  },
  ...more,
});

describe('plugins', () => {
  let dir: string;
  let cni: Cni;
  const ID = 'a'.repeat(64);
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'nodelet-plugins-'));
    for (const name of ['conf', 'bin']) mkdirSync(join(dir, name));
    cni = openCni({
      host: systemHost,
      log: silentLogger,
      confDir: join(dir, 'conf'),
      binDirs: [join(dir, 'bin')],
      cacheDir: join(dir, 'cache'),
    });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  /** A plugin that notes how it is called, and then does as the script says. */
  const plugin = (name: string, script: string): void => {
    const note = `{ echo "$CNI_COMMAND ${name} $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS"; cat; echo; } >>'${dir}/calls'`;
    writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${note}\n${script}\n`);
    chmodSync(join(dir, 'bin', name), 0o755);
  };
  const network = (plugins: readonly object[], cniVersion = '1.0.0'): void =>
    writeFileSync(join(dir, 'conf', 'n.conflist'), JSON.stringify({ name: 'net', cniVersion, plugins }));
  const calls = (): string[] => {
    const lines = existsSync(join(dir, 'calls')) ? readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n') : [];
    rmSync(join(dir, 'calls'), { force: true });
    return lines;
  };
  const stdinOf = (line: string | undefined): unknown => JSON.parse(line ?? '');
  const result = (ip: string): string => `echo '{"cniVersion":"1.0.0","ips":[{"address":"${ip}/24"}]}'`;

  it('are chained: each is told of the result before it, and in the end all are asked to take it back, last first', async () => {
    plugin('one', `[ "$CNI_COMMAND" != ADD ] || ${result('10.9.0.2')}`);
    plugin('two', `[ "$CNI_COMMAND" != ADD ] || ${result('10.9.0.3')}`);
    network([
      { type: 'one', bridge: 'b' },
      { type: 'two', capabilities: { portMappings: true, bandwidth: true, aliases: true } },
    ]);
    expect(await cni.publishesPorts()).toBe(true);
    const config = pod({
      portMappings: [
        { protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' },
        { protocol: 'UDP', containerPort: 53, hostPort: 0, hostIp: '' },
      ],
      annotations: { 'kubernetes.io/ingress-bandwidth': '10M', 'kubernetes.io/egress-bandwidth': 'nonsense' },
    });
    expect(await cni.attach(ID, dir, config)).toEqual(['10.9.0.3']);
    const [first, firstIn, second, secondIn] = calls();
    const args = `IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=pCNI_X1;K8S_POD_INFRA_CONTAINER_ID=${ID};K8S_POD_UID=u`;
    expect([first, second]).toEqual([`ADD one ${ID} ${dir} eth0 ${args}`, `ADD two ${ID} ${dir} eth0 ${args}`]);
    expect(stdinOf(firstIn)).toEqual({ type: 'one', bridge: 'b', name: 'net', cniVersion: '1.0.0' });
    expect(stdinOf(secondIn)).toEqual({
      type: 'two',
      name: 'net',
      cniVersion: '1.0.0',
      prevResult: { cniVersion: '1.0.0', ips: [{ address: '10.9.0.2/24' }] },
      runtimeConfig: {
        portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp', hostIP: '' }],
        bandwidth: { ingressRate: 10_000_000, ingressBurst: 2 ** 31 - 1 },
      },
    });
    await cni.check(ID);
    expect(
      calls()
        .filter((line) => line.startsWith('CHECK'))
        .map((line) => line.split(' ')[1]),
    ).toEqual(['one', 'two']);
    // What was configured when it was made counts when it is taken back.
    network([{ type: 'other' }]);
    await cni.detach(ID);
    const ended = calls();
    expect(ended.filter((line) => line.startsWith('DEL')).map((line) => line.split(' ')[1])).toEqual(['two', 'one']);
    expect(stdinOf(ended[1])).toMatchObject({ prevResult: { ips: [{ address: '10.9.0.3/24' }] }, runtimeConfig: {} });
    await cni.detach(ID);
    expect(calls()).toEqual([]);
    await expect(cni.check(ID)).rejects.toThrow(/nothing is known/);
    expect(readdirSync(join(dir, 'cache'))).toEqual([]);
  });

  it.each([
    [
      'say why in JSON',
      `[ "$CNI_COMMAND" = DEL ] || { echo '{"code":11,"msg":"no room","details":"try later"}'; exit 1; }`,
      'no room; try later',
    ],
    ['say it elsewhere', `[ "$CNI_COMMAND" = DEL ] || { echo broken >&2; exit 2; }`, 'netplugin failed: "broken"'],
    ['say nothing', `[ "$CNI_COMMAND" = DEL ] || exit 1`, 'netplugin failed with no error message'],
    ['are killed', `[ "$CNI_COMMAND" = DEL ] || kill -9 $$`, 'netplugin failed with no error message'],
    ['print no JSON', 'echo hello', 'the result is not JSON: "hello"'],
    ['print too much', '[ "$CNI_COMMAND" = DEL ] || head -c 3000000 /dev/zero', 'the result is not JSON'],
  ])('that %s fail the attempt, and are asked to take back what there is', async (_how, script, message) => {
    plugin('good', `[ "$CNI_COMMAND" != ADD ] || ${result('10.9.0.2')}`);
    plugin('bad', script);
    network([{ type: 'good' }, { type: 'bad' }]);
    await expect(cni.attach(ID, dir, pod())).rejects.toThrow(`plugin type="bad" failed (add): ${message}`);
    expect(calls().filter((line) => line.startsWith('DEL bad')).length).toBe(1);
    await cni.detach(ID).catch(() => undefined);
    plugin('bad', '');
    await cni.detach(ID);
    calls();
  });

  it('that are not there are named', async () => {
    network([{ type: 'absent' }]);
    await expect(cni.attach(ID, dir, pod())).rejects.toThrow(
      /plugin type="absent" failed \(add\): failed to find plugin "absent" in path \[/,
    );
    plugin('absent', '');
    await cni.detach(ID);
    calls();
  });

  it('without an address are no network', async () => {
    plugin('one', `[ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0"}'`);
    network([{ type: 'one' }]);
    await expect(cni.attach(ID, dir, pod())).rejects.toThrow(/no address/);
    calls();
  });

  it('clean up after sandboxes that are no more, also when their namespace is gone; from 1.1.0 on they hear which remain', async () => {
    plugin('one', `[ "$CNI_COMMAND" != ADD ] || ${result('10.9.0.2')}`);
    network([{ type: 'one' }], '1.1.0');
    const [gone, kept] = ['b'.repeat(64), 'c'.repeat(64)];
    await cni.attach(gone, join(dir, 'no-namespace'), pod());
    await cni.attach(kept, dir, pod());
    writeFileSync(join(dir, 'cache', 'junk.json'), '{');
    calls();
    await cni.collect(new Set([kept]));
    const said = calls();
    expect(said.filter((line) => !line.startsWith('{')).map((line) => line.split(' ').slice(0, 5))).toEqual([
      ['DEL', 'one', gone, '', 'eth0'],
      ['GC', 'one', '', '', ''],
    ]);
    expect(stdinOf(said[3])).toMatchObject({ 'cni.dev/valid-attachments': [{ containerID: kept, ifname: 'eth0' }] });
    expect(readdirSync(join(dir, 'cache'))).toEqual([`${kept}.json`]);
    await cni.detach(kept);
  });

  it('from 1.1.0 on say themselves whether they can add a sandbox', async () => {
    plugin('one', `[ "$CNI_COMMAND" != STATUS ] || { echo '{"code":50,"msg":"the daemon is away"}'; exit 1; }`);
    network([{ type: 'one', of: 'a' }]);
    expect(await cni.problem()).toBeNull();
    network([{ type: 'one', of: 'a' }], '1.1.0');
    calls();
    expect(await cni.problem()).toContain('plugin type="one" failed (status): the daemon is away');
    expect(await cni.problem()).toContain('the daemon is away');
    expect(calls().filter((line) => !line.startsWith('{'))).toEqual(['STATUS one    ']);
    plugin('one', 'true');
    network([{ type: 'one', of: 'b' }], '1.1.0');
    expect(await cni.problem()).toBeNull();
  });

  it('that were killed in the middle of an addition are asked to take it back at the next start', async () => {
    plugin(
      'one',
      `[ "$CNI_COMMAND" != ADD ] || { mkdir -p '${dir}/ipam' && echo "$CNI_CONTAINERID" >'${dir}/ipam/10.9.0.2'; }
[ "$CNI_COMMAND" != DEL ] || rm -f '${dir}/ipam/10.9.0.2'
[ "$CNI_COMMAND" != ADD ] || { touch '${dir}/added'; exec sleep 60; }`,
    );
    network([{ type: 'one', of: 'c' }]);
    const id = 'd'.repeat(64);
    const killed = new AbortController();
    const cut = {
      ...systemHost,
      processes: {
        ...systemHost.processes,
        run: (program: string, args: readonly string[], options: object) =>
          systemHost.processes.run(program, args, { ...options, signal: killed.signal }),
      },
    };
    const first = openCni({
      host: cut,
      log: silentLogger,
      confDir: join(dir, 'conf'),
      binDirs: [join(dir, 'bin')],
      cacheDir: join(dir, 'cache'),
    });
    const adding = first.attach(id, dir, pod()).catch((error: unknown) => error);
    await expect.poll(() => existsSync(join(dir, 'added')), { timeout: 10_000 }).toBe(true);
    // What the process that is killed would still do fails as it does.
    killed.abort();
    expect(await adding).toBeInstanceOf(Error);
    expect(readdirSync(join(dir, 'ipam'))).toEqual(['10.9.0.2']);
    await cni.collect(new Set());
    expect(readdirSync(join(dir, 'ipam'))).toEqual([]);
    expect(readdirSync(join(dir, 'cache'))).toEqual([]);
  });

  it('of a directory that is empty now are a problem until there is a file again', async () => {
    rmSync(join(dir, 'conf', 'n.conflist'));
    expect(await cni.problem()).toMatch(/cni config uninitialized/);
    network([{ type: 'one' }]);
    expect(await cni.problem()).toBeNull();
  });
});

describe.skipIf(reason !== null)('pods on Debian’s plugins', () => {
  let h: Harness;
  let conf: string;
  const bridge = `nlc${process.pid.toString(36)}`;
  const subnet = `10.199.${process.pid % 250}`;
  beforeAll(async () => {
    conf = mkdtempSync(join(tmpdir(), 'nodelet-cni-'));
    const ipam = {
      type: 'host-local',
      dataDir: join(conf, 'ipam'),
      ranges: [[{ subnet: `${subnet}.0/24` }]],
      routes: [{ dst: '0.0.0.0/0' }],
    };
    writeFileSync(
      join(conf, '10-test.conflist'),
      JSON.stringify({
        cniVersion: '1.0.0',
        name: bridge,
        plugins: [
          { type: 'bridge', bridge, isGateway: true, ipMasq: true, hairpinMode: true, ipam },
          { type: 'portmap', capabilities: { portMappings: true }, snat: true },
        ],
      }),
    );
    h = await startHarness({ confDir: conf, binDirs: BIN_DIRS });
  }, 60_000);
  afterAll(async () => {
    await h.clean();
    execFileSync('ip', ['link', 'del', bridge]);
    rmSync(conf, { recursive: true, force: true });
  }, 60_000);
  const leases = (): string[] => readdirSync(join(conf, 'ipam', bridge)).filter((name) => name.startsWith(subnet));

  it('get an address, reach the gateway and each other, and are reached on their host port', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const hostPort = typeof address === 'object' && address ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
    const one = await h.sandbox({ portMappings: [{ protocol: 'TCP', containerPort: 8080, hostPort, hostIp: '' }] });
    const { ips } = await h.runtime.podSandboxStatus(one.id);
    expect(ips).toEqual([expect.stringMatching(`^${subnet.replaceAll('.', '\\.')}\\.`)]);
    await h.run(['sh', '-c', 'while :; do echo answered | busybox nc -l -p 8080; done'], {}, {}, one);
    const other = await h.run([
      'sh',
      '-c',
      `until busybox nc -w 2 ${ips[0]} 8080 </dev/null; do sleep 0.1; done; ip -o addr show lo | grep -c LOOPBACK,UP || ip -o link show lo`,
    ]);
    await h.ended(other);
    expect((await h.log(other)).join('\n')).toMatch(/answered/);
    const fromHost = await h.run(
      ['sh', '-c', `until busybox nc -w 2 127.0.0.1 ${hostPort} </dev/null; do sleep 0.1; done`],
      {},
      { namespaces: { network: 'node', pid: 'container', ipc: 'pod' } },
      await h.sandbox({ security: { ...pod().security, namespaces: { network: 'node', pid: 'container', ipc: 'pod' } } }),
    );
    await h.ended(fromHost);
    expect((await h.log(fromHost)).join('\n')).toMatch(/answered/);
    expect(leases()).toContain(ips[0]);
    await h.runtime.stopPodSandbox(one.id);
    expect(leases()).not.toContain(ips[0]);
    await h.runtime.removePodSandbox(one.id);
  });

  it('keep their address over a restart, and give it back after one', async () => {
    const sandbox = await h.sandbox();
    const { ips } = await h.runtime.podSandboxStatus(sandbox.id);
    await h.restart();
    expect((await h.runtime.podSandboxStatus(sandbox.id)).ips).toEqual(ips);
    expect(leases()).toContain(ips[0]);
    await h.runtime.removePodSandbox(sandbox.id);
    expect(leases()).not.toContain(ips[0]);
  });
});
