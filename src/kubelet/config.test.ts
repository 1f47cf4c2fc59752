import { describe, expect, it } from 'vitest';
import { parseFlags } from '../util/flags.ts';
import { ConfigError, configzForm, defaultKubeletConfiguration, loadKubeletConfiguration } from './config.ts';
import { configurationOfFlags, flagTexts, KUBELET_FLAGS } from './flags.ts';

const head = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';
const load = (text: string): ReturnType<typeof loadKubeletConfiguration> => loadKubeletConfiguration(head + text, { path: 'config.yaml' });

describe('the defaults', () => {
  it('are safe with a file', () => {
    const { authentication, authorization, readOnlyPort, port, address } = load('');
    expect(authentication).toEqual({
      x509: { clientCAFile: '' },
      webhook: { enabled: true, cacheTTL: '2m0s' },
      anonymous: { enabled: false },
    });
    expect(authorization).toEqual({ mode: 'Webhook', webhook: { cacheAuthorizedTTL: '5m0s', cacheUnauthorizedTTL: '30s' } });
    expect([readOnlyPort, port, address]).toEqual([0, 10250, '0.0.0.0']);
  });

  it('are open without a file, as in the original', () => {
    const { authentication, authorization, readOnlyPort } = loadKubeletConfiguration(undefined);
    expect([authentication.anonymous.enabled, authentication.webhook.enabled, authorization.mode, readOnlyPort]).toEqual([
      true,
      false,
      'AlwaysAllow',
      10255,
    ]);
  });

  it('hold for zero where Go cannot tell it from absent, and not where it can', () => {
    const config = load('port: 0\nsyncFrequency: 0s\naddress: ""\nregistryPullQPS: 0\nhealthzPort: 0\nmaxPods: 0\nenableServer: false\n');
    const { port, syncFrequency, address, registryPullQPS, healthzPort, maxPods, enableServer } = config;
    expect([port, syncFrequency, address, registryPullQPS, healthzPort, maxPods, enableServer]).toEqual([
      10250,
      '1m0s',
      '0.0.0.0',
      0,
      0,
      110,
      false,
    ]);
  });

  it('report the node’s status as often as it is computed when that was said', () => {
    expect(load('nodeStatusUpdateFrequency: 1m').nodeStatusReportFrequency).toBe('1m0s');
    expect(load('').nodeStatusReportFrequency).toBe('5m0s');
  });

  it('leave a set of thresholds as it was given', () => {
    expect(load('evictionHard: {memory.available: 1Gi}').evictionHard).toEqual({ 'memory.available': '1Gi' });
  });
});

describe('a file', () => {
  const wrong: [string, string][] = [
    [
      `${head}port: "x"`,
      'failed to load kubelet config file config.yaml: json: cannot unmarshal string into Go struct field KubeletConfiguration.port of type int32',
    ],
    [
      `${head}nope: 1\nauthentication: {anonymous: {enable: true}}`,
      'failed to load kubelet config file config.yaml: strict decoding error: unknown field "nope", unknown field "authentication.anonymous.enable"',
    ],
    ['', 'failed to load kubelet config file config.yaml: kubelet config file is empty'],
    ['port: 1', "failed to load kubelet config file config.yaml: Object 'Kind' is missing"],
    ['kind: KubeletConfiguration', "failed to load kubelet config file config.yaml: Object 'apiVersion' is missing"],
    [
      'kind: Pod\napiVersion: v1',
      'failed to load kubelet config file config.yaml: no kind "Pod" is registered for version "v1"; it must be KubeletConfiguration of kubelet.config.k8s.io/v1beta1',
    ],
    [`${head}---\n${head}`, 'failed to load kubelet config file config.yaml: it has 2 documents, one is needed'],
    ['- a', 'failed to load kubelet config file config.yaml: it is not an object'],
    [`${head}port: 99999`, 'invalid configuration: port (--port) 99999 must be between 1 and 65535, inclusive'],
    [
      `${head}authorization: {mode: Rbac}`,
      'invalid configuration: authorization.mode (--authorization-mode) "Rbac" must be one of: [AlwaysAllow Webhook]',
    ],
    [`${head}tlsMinVersion: TLS12`, 'invalid configuration: unknown tls version "TLS12"'],
    [`${head}tlsCipherSuites: [NOPE]`, "invalid configuration: Cipher suite NOPE not supported or doesn't exist"],
    [
      `${head}oomScoreAdj: 2000\nmaxPods: -1`,
      'invalid configuration: oomScoreAdj (--oom-score-adj) 2000 must be between -1000 and 1000, inclusive; invalid configuration: maxPods (--max-pods) -1 must not be a negative number',
    ],
    [
      `${head}imageGCLowThresholdPercent: 90`,
      'invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) 90 must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) 85',
    ],
    [
      `${head}enforceNodeAllocatable: [x]`,
      'invalid configuration: option "x" specified for enforceNodeAllocatable (--enforce-node-allocatable). Valid options are "pods", "system-reserved", "kube-reserved" or "none"',
    ],
    [`${head}userNamespaces: {idsPerPod: 1}`, 'invalid configuration: userNamespaces.idsPerPod must not be less than 65536'],
    [`${head}userNamespaces: {idsPerPod: 70000}`, 'invalid configuration: userNamespaces.idsPerPod must be a multiple of 65536'],
    [`${head}userNamespaces: {idsPerPod: 4295032832}`, 'invalid configuration: userNamespaces.idsPerPod must not be more than 4294967295'],
    [
      `${head}tlsCertFile: /a`,
      'invalid configuration: tlsCertFile (--tls-cert-file) and tlsPrivateKeyFile (--tls-private-key-file) must be set together',
    ],
  ];
  for (const [text, message] of wrong)
    it(`is refused: ${message}`, () => {
      expect(() => loadKubeletConfiguration(text, { path: 'config.yaml' })).toThrow(new ConfigError(message));
    });

  it('with a wrong duration is refused by its field', () => {
    expect(() => load('authentication: {webhook: {cacheTTL: 5x}}')).toThrow(ConfigError);
  });

  it('may be JSON', () => {
    expect(loadKubeletConfiguration('{"apiVersion":"kubelet.config.k8s.io/v1beta1","kind":"KubeletConfiguration","port":1}').port).toBe(1);
  });
});

describe('flags', () => {
  const over = (...argv: string[]): ReturnType<typeof configurationOfFlags> => configurationOfFlags(parseFlags(KUBELET_FLAGS, argv));

  it('win over the file, field by field', () => {
    const overrides = over('--anonymous-auth', '--port=1', '--feature-gates=A=true', '--cluster-dns=1.1.1.1', '--max-pods', '7');
    const file = `${head}port: 2\nauthentication: {webhook: {cacheTTL: 1m}}\nfeatureGates: {B: false}\nclusterDNS: [2.2.2.2]\n`;
    const config = loadKubeletConfiguration(file, { overrides });
    expect([config.port, config.maxPods, config.clusterDNS]).toEqual([1, 7, ['1.1.1.1']]);
    expect(config.authentication.webhook).toEqual({ enabled: true, cacheTTL: '1m0s' });
    expect(config.authentication.anonymous.enabled).toBe(true);
    expect(config.featureGates).toEqual({ A: true, B: false });
  });

  it('set nothing when they are not given', () => {
    expect(over('--config=x', '--node-ip=1.2.3.4')).toEqual({});
  });

  it('of every form become their field', () => {
    expect(
      over(
        '--eviction-hard=memory.available<100Mi,nodefs.available<10%',
        '--manifest-url-header=a:b,a:c',
        '--register-with-taints=k=v:NoSchedule,x:NoExecute',
        '--v=4',
        '--kube-reserved=cpu=1',
      ),
    ).toEqual({
      evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%' },
      staticPodURLHeader: { a: ['b', 'c'] },
      registerWithTaints: [
        { key: 'k', value: 'v', effect: 'NoSchedule' },
        { key: 'x', effect: 'NoExecute' },
      ],
      logging: { verbosity: 4 },
      kubeReserved: { cpu: '1' },
    });
  });

  for (const argv of ['--feature-gates=A=maybe', '--eviction-hard=memory.available', '--register-with-taints=k=v:Sometimes'])
    it(`refuse ${argv}`, () => {
      expect(() => over(argv)).toThrow('invalid argument');
    });

  it('all name a field that exists and have a help', () => {
    const texts = flagTexts(parseFlags(KUBELET_FLAGS, ['--port=5']));
    expect(Object.keys(texts)).toEqual(Object.keys(texts).sort());
    expect([
      texts['port'],
      texts['address'],
      texts['cluster-dns'],
      texts['enforce-node-allocatable'],
      texts['anonymous-auth'],
      texts['root-dir'],
      texts['v'],
    ]).toEqual(['5', '0.0.0.0', '[]', '[pods]', 'false', '/var/lib/kubelet', '0']);
    const config: unknown = defaultKubeletConfiguration();
    for (const flag of KUBELET_FLAGS) {
      expect(flag.help).toMatch(/\.$/);
      if (!('field' in flag)) continue;
      const found = flag.field
        .split('.')
        .reduce<unknown>(
          (value, part) => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined),
          config,
        );
      expect([flag.field, found === undefined]).toEqual([flag.field, false]);
    }
  });
});

describe('/configz', () => {
  it('shows what the original shows of the defaults, in its order', () => {
    const form = configzForm(load('staticPodPath: /m\nfeatureGates: {Z: true, A: false}\nrotateCertificates: false\n'));
    expect(Object.keys(form).slice(0, 12)).toEqual([
      'kind',
      'apiVersion',
      'enableServer',
      'staticPodPath',
      'podLogsDir',
      'syncFrequency',
      'fileCheckFrequency',
      'httpCheckFrequency',
      'address',
      'port',
      'authentication',
      'authorization',
    ]);
    expect(JSON.stringify(form['featureGates'])).toBe('{"A":false,"Z":true}');
    expect(form['authentication']).toEqual({ x509: {}, webhook: { enabled: true, cacheTTL: '2m0s' }, anonymous: { enabled: false } });
    expect(form['logging']).toEqual({
      format: 'text',
      flushFrequency: '5s',
      verbosity: 0,
      options: { text: { infoBufferSize: '0' }, json: { infoBufferSize: '0' } },
    });
    expect([
      form['memorySwap'],
      form['crashLoopBackOff'],
      form['imageMaximumGCAge'],
      form['seccompDefault'],
      form['rotateCertificates'],
    ]).toEqual([{}, { maxContainerRestartPeriod: '5m0s' }, '0s', false, undefined]);
  });
});
