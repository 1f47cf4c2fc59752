import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Service } from '../../api/types.ts';
import { aPod } from '../testing/objects.ts';
import { kernelHostname, parseResolvConf, podDns, type DnsSettings } from './dns.ts';
import { fieldValue, resourceFieldValue } from './downward.ts';
import { containerEnv, MissingReference, type ObjectReader } from './env.ts';
import { expand } from './expand.ts';
import { hostsFile } from './hosts.ts';
import { containerAnnotations, containerHash, fnv32a } from './labels.ts';
import { credentialsFor, placeMatches, pullCredentials, registryKey } from './pull-secrets.ts';
import { containerResources, cpuShares, oomScoreAdj } from './resources.ts';
import { podCgroup } from '../cgroups/names.ts';
import { sandboxConfig } from './sandbox-config.ts';
import { containerSecurity, sandboxSecurity } from './security.ts';
import { podServiceEnv, serviceEnv } from './service-env.ts';

const lookup =
  (table: Readonly<Record<string, string>>) =>
  (name: string): string | undefined =>
    Object.hasOwn(table, name) ? table[name] : undefined;

describe('expand', () => {
  it.each([
    ['$(A)', 'a'],
    ['x$(A)y$(B)z', 'xaybz'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$(NOPE)', '$(NOPE)'],
    ['$A', '$A'],
    ['$', '$'],
    ['$(A', '$(A'],
    ['$$', '$'],
    ['a$', 'a$'],
    ['$()', '$()'],
    ['', ''],
  ])('turns %j into %j', (text, expected) => {
    expect(expand(text, lookup({ A: 'a', B: 'b' }))).toBe(expected);
  });

  it('leaves text without a dollar alone, and never looks at its own results', () => {
    fc.assert(fc.property(fc.string(), (text) => expand(text.replaceAll('$', ''), () => 'x') === text.replaceAll('$', '')));
    expect(expand('$(A)', lookup({ A: '$(B)', B: 'b' }))).toBe('$(B)');
  });
});

const missing = (kind: string, name: string): Promise<never> => Promise.reject(new MissingReference(`${kind} "${name}" not found`));
const reader: ObjectReader = {
  configMap: (_ns, name) =>
    name === 'cm' ? Promise.resolve({ metadata: {}, data: { ONE: '1', 'with-dash': '2', 'bad=name': '3' } }) : missing('configmap', name),
  secret: (_ns, name) => (name === 's' ? Promise.resolve({ metadata: {}, data: { TWO: 'cw==' } }) : missing('secret', name)),
};
const facts = { hostIPs: ['192.0.2.1'], podIPs: ['10.0.0.1', 'fd00::1'], allocatable: { cpu: '2', memory: '1Gi' } };

async function env(container: object, services: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const pod = aPod({ containers: [{ name: 'c', ...container }], nodeName: 'n' });
  const [first] = pod.spec.containers;
  if (first === undefined) throw new Error('no container');
  return Object.fromEntries(await containerEnv({ pod, container: first, objects: reader, facts, services }));
}

describe('the environment of a container', () => {
  it('takes everything of a configMap and a secret, with a prefix, but for names that cannot be', async () => {
    expect(await env({ envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }, { secretRef: { name: 's' } }] })).toEqual({
      P_ONE: '1',
      'P_with-dash': '2',
      TWO: 's',
    });
  });

  it('expands values by what stands before them and by services, never by what comes later', async () => {
    const list = [
      { name: 'A', value: 'a' },
      { name: 'B', value: '$(A)-$(SVC)-$(C)-$$(A)' },
      { name: 'C', value: 'c' },
    ];
    expect(await env({ env: list }, { SVC: 's' })).toEqual({ A: 'a', B: 'a-s-$(C)-$(A)', C: 'c', SVC: 's' });
  });

  it('prefers env to envFrom to services', async () => {
    expect(
      await env({ envFrom: [{ configMapRef: { name: 'cm' } }], env: [{ name: 'ONE', value: 'mine' }] }, { ONE: 'svc', X: 'x' }),
    ).toEqual({ ONE: 'mine', 'with-dash': '2', X: 'x' });
  });

  it('does not expand what it reads', async () => {
    expect(await env({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'TWO' } } }] })).toEqual({ A: 's' });
  });

  it.each([
    [{ configMapKeyRef: { name: 'nope', key: 'k' } }, 'configmap "nope" not found'],
    [{ configMapKeyRef: { name: 'cm', key: 'k' } }, "couldn't find key k in ConfigMap default/cm"],
    [{ secretKeyRef: { name: 'nope', key: 'k' } }, 'secret "nope" not found'],
    [{ secretKeyRef: { name: 's', key: 'k' } }, "couldn't find key k in Secret default/s"],
    [{ fieldRef: { fieldPath: 'spec.nope' } }, 'unsupported fieldPath: spec.nope'],
    [{ resourceFieldRef: { resource: 'limits.cpu', containerName: 'other' } }, 'no such container: "other"'],
  ])('says what is wrong with %j', async (valueFrom, message) => {
    await expect(env({ env: [{ name: 'A', valueFrom }] })).rejects.toThrow(message);
  });

  it('passes over what is optional and missing', async () => {
    const optional = [
      { configMapKeyRef: { name: 'nope', key: 'k', optional: true } },
      { secretKeyRef: { name: 's', key: 'k', optional: true } },
    ];
    expect(
      await env({
        env: optional.map((valueFrom, i) => ({ name: `A${i}`, valueFrom })),
        envFrom: [{ secretRef: { name: 'nope', optional: true } }],
      }),
    ).toEqual({});
  });
});

describe('the downward API', () => {
  const pod = aPod(
    { nodeName: 'n', serviceAccountName: 'sa' },
    { labels: { b: 'y', app: 'x' }, annotations: { note: 'multi\nline "q"', 'a.b/c': 'd e' } },
  );
  it.each([
    ['metadata.name', 'p'],
    ['metadata.namespace', 'default'],
    ['metadata.uid', 'u'],
    ["metadata.labels['app']", 'x'],
    ["metadata.annotations['a.b/c']", 'd e'],
    ["metadata.labels['nope']", ''],
    ['metadata.labels', 'app="x"\nb="y"'],
    ['metadata.annotations', 'a.b/c="d e"\nnote="multi\\nline \\"q\\""'],
    ['spec.nodeName', 'n'],
    ['spec.serviceAccountName', 'sa'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['status.phase', undefined],
  ])('gives %s', (path, expected) => {
    expect(fieldValue(pod, path, facts)).toBe(expected);
  });

  it.each([
    ['limits.cpu', undefined, '1'],
    ['limits.cpu', '1m', '500'],
    ['requests.cpu', '1m', '0'],
    ['limits.memory', undefined, '67108864'],
    ['limits.memory', '1Mi', '64'],
    ['limits.ephemeral-storage', undefined, '0'],
    ['nope', undefined, undefined],
  ])('gives %s in units of %s', (resource, divisor, expected) => {
    const container = { resources: { limits: { cpu: '500m', memory: '64Mi' } } };
    expect(resourceFieldValue(container, resource, divisor, facts.allocatable)).toBe(expected);
  });

  it('lets the node stand in for limits that are not set', () => {
    expect(resourceFieldValue({}, 'limits.cpu', undefined, facts.allocatable)).toBe('2');
    expect(resourceFieldValue({}, 'requests.memory', undefined, facts.allocatable)).toBe('0');
  });
});

describe('service variables', () => {
  const service = (name: string, namespace: string, clusterIP: string, ports: object[]): Service =>
    ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as Service;
  const kubernetes = service('kubernetes', 'default', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]);
  const web = service('my-web', 'ns', '10.96.0.2', [{ port: 80 }]);

  it('name the address and the ports', () => {
    expect(serviceEnv(kubernetes)).toEqual({
      KUBERNETES_SERVICE_HOST: '10.96.0.1',
      KUBERNETES_SERVICE_PORT: '443',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KUBERNETES_PORT: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP: 'tcp://10.96.0.1:443',
      KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_443_TCP_PORT: '443',
      KUBERNETES_PORT_443_TCP_ADDR: '10.96.0.1',
    });
  });

  it('cover the namespace when links are on, and kubernetes always', () => {
    const headless = service('h', 'ns', 'None', [{ port: 1 }]);
    const all = [kubernetes, web, headless, service('other', 'elsewhere', '10.96.0.3', [{ port: 1 }])];
    expect(Object.keys(podServiceEnv(all, 'ns', true)).filter((k) => k.endsWith('_SERVICE_HOST'))).toEqual([
      'KUBERNETES_SERVICE_HOST',
      'MY_WEB_SERVICE_HOST',
    ]);
    expect(Object.keys(podServiceEnv(all, 'ns', false)).filter((k) => k.endsWith('_SERVICE_HOST'))).toEqual(['KUBERNETES_SERVICE_HOST']);
  });
});

describe('name resolution', () => {
  const settings: DnsSettings = {
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    host: { servers: ['1.1.1.1'], searches: ['home'], options: ['rotate'] },
  };
  const own = ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'];

  it.each([
    ['ClusterFirst', {}, { servers: ['10.96.0.10'], searches: [...own, 'home'], options: ['ndots:5'] }],
    ['ClusterFirst on the host network', { hostNetwork: true }, settings.host],
    [
      'ClusterFirstWithHostNet',
      { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' },
      { servers: ['10.96.0.10'], searches: [...own, 'home'], options: ['ndots:5'] },
    ],
    ['Default', { dnsPolicy: 'Default' }, settings.host],
    [
      'None',
      {
        dnsPolicy: 'None',
        dnsConfig: { nameservers: ['8.8.8.8'], searches: ['a.b'], options: [{ name: 'ndots', value: '3' }, { name: 'edns0' }] },
      },
      { servers: ['8.8.8.8'], searches: ['a.b'], options: ['ndots:3', 'edns0'] },
    ],
    [
      'ClusterFirst with more',
      { dnsConfig: { searches: ['extra', 'home'], options: [{ name: 'ndots', value: '1' }] } },
      { servers: ['10.96.0.10'], searches: [...own, 'home', 'extra'], options: ['ndots:1'] },
    ],
  ])('follows %s', (_what, spec, expected) => {
    expect(podDns(aPod(spec), settings)).toEqual({ config: expected, warnings: [] });
  });

  it('warns when there is no cluster DNS, and when there is too much', () => {
    expect(podDns(aPod(), { ...settings, clusterDNS: [] }).warnings[0]?.reason).toBe('MissingClusterDNS');
    const { config, warnings } = podDns(
      aPod({ dnsPolicy: 'Default', dnsConfig: { nameservers: ['2.2.2.2', '3.3.3.3', '4.4.4.4'] } }),
      settings,
    );
    expect(config.servers).toEqual(['1.1.1.1', '2.2.2.2', '3.3.3.3']);
    expect(warnings[0]?.message).toContain('the applied nameserver line is: 1.1.1.1 2.2.2.2 3.3.3.3');
  });

  it('reads a resolv.conf, whatever stands in it', () => {
    expect(parseResolvConf('# x\nnameserver 1.1.1.1\nsearch a. b\noptions rotate timeout:2\nnonsense\n')).toEqual({
      servers: ['1.1.1.1'],
      searches: ['a', 'b'],
      options: ['rotate', 'timeout:2'],
    });
    fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseResolvConf(text).servers)));
  });

  it('forms host names', () => {
    expect(kernelHostname(aPod(), 'cluster.local')).toBe('p');
    expect(kernelHostname(aPod({ hostname: 'h', subdomain: 'sub', setHostnameAsFQDN: true }), 'cluster.local')).toBe(
      'h.sub.default.svc.cluster.local',
    );
    expect(kernelHostname(aPod({ hostNetwork: true }), 'cluster.local')).toBe('');
    expect(kernelHostname(aPod({ hostname: `${'a'.repeat(62)}-b` }), 'cluster.local')).toBe('a'.repeat(62));
    expect(() => kernelHostname(aPod({ hostname: 'h'.repeat(40), subdomain: 'sub', setHostnameAsFQDN: true }), 'cluster.local')).toThrow(
      '64 characters is the max',
    );
  });

  it('writes the hosts file', () => {
    const pod = aPod({ hostname: 'h', subdomain: 'sub', hostAliases: [{ ip: '1.2.3.4', hostnames: ['alias', 'b'] }] });
    expect(hostsFile(pod, ['10.0.0.1'], 'cluster.local', 'x').split('\n').slice(-6)).toEqual([
      'fe00::2\tip6-allrouters',
      '10.0.0.1\th.sub.default.svc.cluster.local\th',
      '',
      '# Entries added by HostAliases.',
      '1.2.3.4\talias\tb',
      '',
    ]);
    expect(hostsFile(aPod(), ['10.0.0.1'], 'cluster.local', 'x')).toContain('\n10.0.0.1\tp\n');
    expect(hostsFile(aPod({ hostNetwork: true }), [], 'cluster.local', 'mine\n')).toBe(
      '# Kubernetes-managed hosts file (host network).\nmine\n',
    );
  });
});

describe('resources for the runtime', () => {
  const settings = { cpuCFSQuota: true, cpuCFSQuotaPeriod: '100ms', podPidsLimit: -1, memoryCapacity: 1 << 30 };
  const of = (resources: object) => {
    const pod = aPod({ containers: [{ name: 'c', resources }] });
    const [container] = pod.spec.containers;
    if (container === undefined) throw new Error('no container');
    return containerResources(pod, container, settings);
  };
  it('translate requests and limits', () => {
    expect(of({})).toEqual({ cpuShares: 2, cpuPeriod: 100_000, cpuQuota: 0, oomScoreAdj: 1000 });
    expect(of({ requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '500m', memory: '512Mi' } })).toEqual({
      cpuShares: 256,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      memoryLimitBytes: 512 << 20,
      memorySwapLimitBytes: 512 << 20,
      oomScoreAdj: 750,
    });
    expect(of({ limits: { cpu: '1m' } }).cpuQuota).toBe(1000);
    expect(of({ limits: { cpu: '1', memory: '1Mi' } }).oomScoreAdj).toBe(-997);
    expect(cpuShares(1_000_000)).toBe(262_144);
  });
  it('let a container end as a whole where the kernel can', () => {
    const pod = aPod({ containers: [{ name: 'c' }] });
    expect(containerResources(pod, { name: 'c' }, { ...settings, killsTogether: true }).unified).toEqual({ 'memory.oom.group': '1' });
    expect(containerResources(pod, { name: 'c' }, settings)).not.toHaveProperty('unified');
  });
  it('protect static and critical pods', () => {
    expect(oomScoreAdj(aPod({ priority: 2_000_000_000 }), { name: 'c' }, 1)).toBe(-997);
    expect(oomScoreAdj(aPod({}, { annotations: { 'kubernetes.io/config.source': 'file' } }), { name: 'c' }, 1)).toBe(-997);
  });
});

describe('security contexts', () => {
  const settings = { seccompDir: '/s', seccompDefault: false };
  const security = (pod: object, own: object, image: { uid?: number; username?: string } = {}) =>
    containerSecurity(aPod({ securityContext: pod }), { name: 'c', securityContext: own }, image, settings);

  it('prefers the container to the pod to the image', () => {
    expect(security({ runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [4] }, { runAsUser: 9 })).toMatchObject({
      runAsUser: 9,
      runAsGroup: 2,
      supplementalGroups: [3, 4],
    });
    expect(security({}, {}, { uid: 7 })).toMatchObject({ runAsUser: 7 });
    expect(security({}, {}, { username: 'www' })).toMatchObject({ runAsUsername: 'www' });
  });

  it('masks paths unless told otherwise, and withholds new privileges', () => {
    expect(security({}, { allowPrivilegeEscalation: false })).toMatchObject({ noNewPrivs: true, privileged: false });
    expect(security({}, {}).maskedPaths).toContain('/proc/kcore');
    expect(security({}, { privileged: true, allowPrivilegeEscalation: false })).toMatchObject({ maskedPaths: [], noNewPrivs: false });
    expect(security({}, { procMount: 'Unmasked' }).readonlyPaths).toEqual([]);
  });

  it.each([
    [{}, { runAsUser: 0 }, {}, "container's runAsUser breaks non-root policy"],
    [{}, {}, {}, 'container has runAsNonRoot and image will run as root (pod: "p_default(u)", container: c)'],
    [{}, {}, { uid: 0 }, 'container has runAsNonRoot and image will run as root'],
    [{}, {}, { username: 'www' }, 'container has runAsNonRoot and image has non-numeric user (www), cannot verify user is non-root'],
  ])('refuses root where it must not be: %j %j %j', (pod, own, image, message) => {
    expect(() => security(pod, { ...own, runAsNonRoot: true }, image)).toThrow(message);
  });
  it('allows a user that is not root', () => {
    expect(security({ runAsNonRoot: true }, {}, { uid: 5 })).toMatchObject({ runAsUser: 5 });
  });

  it('finds seccomp profiles in their directory alone', () => {
    expect(security({ seccompProfile: { type: 'RuntimeDefault' } }, {}).seccomp).toEqual({ type: 'runtimeDefault' });
    expect(security({}, { seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' } }).seccomp).toEqual({
      type: 'localhost',
      ref: '/s/a/b.json',
    });
    expect(() => security({}, { seccompProfile: { type: 'Localhost', localhostProfile: '../b' } })).toThrow('invalid seccomp profile path');
  });

  it('chooses namespaces', () => {
    expect(sandboxSecurity(aPod({ hostNetwork: true, hostPID: true, hostIPC: true })).namespaces).toEqual({
      network: 'node',
      pid: 'node',
      ipc: 'node',
    });
    expect(sandboxSecurity(aPod({ shareProcessNamespace: true })).namespaces).toEqual({ network: 'pod', pid: 'pod', ipc: 'pod' });
    expect(containerSecurity(aPod(), { name: 'c' }, {}, settings, 'other').namespaces).toMatchObject({ pid: 'target', targetId: 'other' });
  });
});

describe('what the runtime is told of a pod', () => {
  const sandboxSettings = {
    podLogsDir: '/logs',
    cgroupRoot: '/nodelet',
    clusterDomain: 'cluster.local',
    cpuCFSQuota: true,
    cpuCFSQuotaPeriod: '100ms',
    podPidsLimit: -1,
    memoryCapacity: 1 << 30,
  };

  it.each([
    ['nothing', {}, { cpuShares: 2, cpuPeriod: 100_000, cpuQuota: 0 }, {}],
    [
      'containers and overhead, each by itself',
      {
        containers: [{ name: 'c', resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Mi' } } }, { name: 'd' }],
        overhead: { cpu: '500m', memory: '4Ki' },
      },
      { cpuShares: 1024, cpuPeriod: 100_000, cpuQuota: 200_000, memoryLimitBytes: 1 << 20 },
      { cpuShares: 512, cpuPeriod: 100_000, cpuQuota: 50_000, memoryLimitBytes: 4096 },
    ],
    [
      'an overhead of memory alone',
      { overhead: { memory: '4Ki' } },
      { cpuShares: 2, cpuPeriod: 100_000, cpuQuota: 0 },
      { cpuShares: 2, cpuPeriod: 100_000, cpuQuota: 0, memoryLimitBytes: 4096 },
    ],
  ])('sizes the sandbox of %s', (_what, spec, resources, overhead) => {
    const config = sandboxConfig(aPod(spec), 0, { servers: [], searches: [], options: [] }, sandboxSettings);
    expect({ resources: config.resources, overhead: config.overhead }).toEqual({ resources, overhead });
  });

  it('names the sandbox and its places', () => {
    const pod = aPod(
      {
        securityContext: { sysctls: [{ name: 'net/ipv4/x', value: '1' }] },
        containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 8080 }] }],
      },
      { labels: { a: 'b' } },
    );
    const config = sandboxConfig(pod, 2, { servers: [], searches: [], options: [] }, sandboxSettings);
    expect(config).toMatchObject({
      metadata: { name: 'p', uid: 'u', namespace: 'default', attempt: 2 },
      logDirectory: '/logs/default_p_u',
      cgroupParent: '/nodelet/kubepods/besteffort/podu',
      sysctls: { 'net.ipv4.x': '1' },
      labels: { a: 'b', 'io.kubernetes.pod.name': 'p', 'io.kubernetes.pod.namespace': 'default', 'io.kubernetes.pod.uid': 'u' },
      portMappings: [{ protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' }],
    });
    expect(podCgroup(aPod({ containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: '1Gi' } } }] }), { cgroupRoot: '' })).toBe(
      '/kubepods/podu',
    );
  });

  it('writes down what a restarted kubelet needs', () => {
    const pod = aPod({ terminationGracePeriodSeconds: 5 });
    const container = {
      name: 'c',
      image: 'i',
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
      terminationMessagePath: '/m',
      terminationMessagePolicy: 'File',
    };
    expect(containerAnnotations(pod, container, 'container', 3)).toEqual({
      'io.kubernetes.container.hash': containerHash(container),
      'io.kubernetes.container.restartCount': '3',
      'io.kubernetes.container.terminationMessagePath': '/m',
      'io.kubernetes.container.terminationMessagePolicy': 'File',
      'io.kubernetes.container.type': 'container',
      'io.kubernetes.pod.terminationGracePeriod': '5',
      'io.kubernetes.container.preStopHandler': '{"sleep":{"seconds":1}}',
    });
    expect(fnv32a('')).toBe(0x811c9dc5);
    expect(fnv32a('foobar')).toBe(0xbf9cf968);
    expect(containerHash({ name: 'c', image: 'a' })).not.toBe(containerHash({ name: 'c', image: 'b' }));
  });
});

describe('pull secrets', () => {
  const secret = (data: Record<string, unknown>, key = '.dockerconfigjson') => ({
    metadata: {},
    data: { [key]: Buffer.from(JSON.stringify(data)).toString('base64') },
  });
  it('are read in both forms', () => {
    const auth = Buffer.from('me:pa:ss').toString('base64');
    const expected = [{ registry: 'r.example', auth: { username: 'me', password: 'pa:ss' } }];
    expect(pullCredentials(secret({ auths: { 'r.example': { auth } } }))).toEqual(expected);
    expect(pullCredentials(secret({ 'r.example': { auth } }, '.dockercfg'))).toEqual(expected);
  });
  it('take `auth` before a name and a password beside it, as the original does', () => {
    const entry = { auth: Buffer.from('a:b').toString('base64'), username: 'c', password: 'd' };
    expect(pullCredentials(secret({ auths: { r: entry } }))).toEqual([{ registry: 'r', auth: { username: 'a', password: 'b' } }]);
  });
  it.each([
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['http://r.example:5000/v2/', 'r.example:5000'],
    ['r.example/team', 'r.example/team'],
    ['r.example/v1/team', 'r.example/team'],
    ['r.example/', 'r.example'],
    ['', null],
    ['https:///x', null],
    ['a b', null],
  ])('name their place as users write it: %j is %j', (place, key) => {
    expect(registryKey(place)).toBe(key);
  });
  it.each([
    ['r.example', 'r.example/x', true],
    ['r.example', 'r.example.evil/x', false],
    ['*.example', 'r.example/x', true],
    ['*.example', 'a.r.example/x', false],
    ['r*.ex?mple', 'registry.example/x', true],
    ['*', 'localhost/x', true],
    ['*', 'r.example/x', false],
    ['r.example:5000', 'r.example:5000/x', true],
    ['r.example', 'r.example:5000/x', false],
    ['r.example/team', 'r.example/team/x', true],
    ['r.example/team', 'r.example/other/x', false],
  ])('the place %j and the image %j: %j', (place, image, matches) => {
    expect(placeMatches(place, image)).toBe(matches);
  });
  it('count for their registry alone, the longest place first', () => {
    const list = ['index.docker.io', 'r.example', 'r.example/team'].map((registry) => ({ registry, auth: { username: registry } }));
    const places = (image: string): (string | undefined)[] => credentialsFor(list, image).map((a) => a.username);
    for (const image of ['busybox', 'user/x:1', 'docker.io/a/b', 'index.docker.io/a/b@sha256:' + 'a'.repeat(64)])
      expect(places(image)).toEqual(['index.docker.io']);
    expect(places('r.example/team/x:1')).toEqual(['r.example/team', 'r.example']);
    expect(places('r.example.evil/x')).toEqual([]);
  });
  it.each([
    { '.dockerconfigjson': '%%%' },
    { '.dockerconfigjson': Buffer.from('[]').toString('base64') },
    { '.dockerconfigjson': Buffer.from('null').toString('base64') },
    {},
  ])('of no use are passed over: %j', (data) => {
    expect(pullCredentials({ metadata: {}, data })).toEqual([]);
  });
});
