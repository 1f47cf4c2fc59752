import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../api/decode.ts';
import { applyDefaults } from '../../api/defaults/defaults.ts';
import type { Pod } from '../../api/types.ts';
import { sandboxConfig } from '../spec/sandbox-config.ts';
import { containerResources } from '../spec/resources.ts';
import { containerSecurity } from '../spec/security.ts';
import { localStorageExcess, hasLocalLimits } from '../eviction/ranking.ts';
import { seen } from '../testing/objects.ts';
import { refusal } from './admission.ts';
import { allocationOf, withAllocation } from './allocation.ts';
import { planPod, NO_PROBE_RESULTS } from './plan.ts';
import { podContainers, type NodePod } from './pod.ts';
import { preempted } from './preemption.ts';
import { resizeRefusal, resizeText } from './resize.ts';
import { podStatus } from './status.ts';

/** Values of the right type that no author means, and now and then one of the wrong type. */
const text = fc.oneof(
  fc.constantFrom(
    'x',
    'x',
    'x',
    '',
    '-1',
    '1e30',
    'a/b',
    '../..',
    '\u0000',
    'Never',
    'Always',
    'Localhost',
    'In',
    'Restart',
    '9'.repeat(40),
  ),
  fc.string({ maxLength: 12 }),
);
const number = fc.constantFrom(0, 1, -1, 137, 65_536, 2_000_000_000, -2_000_000_000);
const flag = fc.boolean();
const wrong: fc.Arbitrary<unknown> = fc.constantFrom(null, undefined, null, undefined, 7, 'x', [], {});
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: value }, { weight: 1, arbitrary: wrong });
const quantity = fc.constantFrom('0', '1', '100m', '1Gi', '1e18', '-5', '0.1', '9223372036854775807');
const amounts = fc.dictionary(fc.constantFrom('cpu', 'memory', 'ephemeral-storage', 'x/y'), quantity);
const part = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> => maybe(fc.record(fields, { requiredKeys: [] }));
const list = (item: fc.Arbitrary<unknown>, maxLength = 2): fc.Arbitrary<unknown> => maybe(fc.array(item, { maxLength }));
const resources = part({ requests: maybe(amounts), limits: maybe(amounts) });
const profile = part({ type: text, localhostProfile: text });
const exec = part({ command: list(text) });
const probe = part({ exec, periodSeconds: number, failureThreshold: number, terminationGracePeriodSeconds: number });
const container = part({
  name: fc.constantFrom('a', 'b', 'c', ''),
  image: text,
  restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never', ''),
  restartPolicyRules: list(part({ action: text, exitCodes: part({ operator: text, values: list(number) }) })),
  resources,
  resizePolicy: list(part({ resourceName: text, restartPolicy: text })),
  securityContext: part({
    runAsUser: number,
    runAsNonRoot: flag,
    privileged: flag,
    capabilities: part({ add: list(text), drop: list(text) }),
    seccompProfile: profile,
    appArmorProfile: profile,
    procMount: text,
  }),
  ports: list(part({ name: text, containerPort: number, hostPort: number, protocol: text })),
  livenessProbe: probe,
  startupProbe: probe,
  lifecycle: part({ preStop: part({ exec, sleep: part({ seconds: number }) }) }),
  volumeMounts: list(part({ name: text, mountPath: text, subPath: text, readOnly: flag })),
});
const term = part({ matchExpressions: list(part({ key: text, operator: text, values: list(text) })) });
const spec = fc.record(
  {
    containers: list(container, 3),
    initContainers: list(container, 3),
    ephemeralContainers: list(container, 1),
    restartPolicy: fc.constantFrom('Always', 'OnFailure', 'Never'),
    priority: number,
    hostname: text,
    subdomain: text,
    setHostnameAsFQDN: flag,
    hostNetwork: flag,
    activeDeadlineSeconds: number,
    nodeSelector: maybe(fc.dictionary(text, text, { maxKeys: 2 })),
    affinity: part({ nodeAffinity: part({ requiredDuringSchedulingIgnoredDuringExecution: part({ nodeSelectorTerms: list(term) }) }) }),
    tolerations: list(part({ key: text, operator: text, effect: text, tolerationSeconds: number })),
    overhead: maybe(amounts),
    resources,
    os: part({ name: text }),
    securityContext: part({
      sysctls: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
      runAsNonRoot: flag,
      fsGroup: number,
      seccompProfile: profile,
    }),
    readinessGates: list(part({ conditionType: text })),
    volumes: list(part({ name: text, emptyDir: part({ sizeLimit: quantity }) })),
  },
  { requiredKeys: ['containers'] },
);
const exit = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  state: fc.constantFrom('created' as const, 'running' as const, 'exited' as const, 'unknown' as const),
  exitCode: fc.integer({ min: -1, max: 256 }),
});

/** What the API's decoder lets through, as a pod of this node; undefined for what it refuses. */
function podOf(given: object): NodePod | undefined {
  let pod: Pod;
  try {
    pod = decode('core/v1.Pod', { metadata: { name: 'p', namespace: 'd', uid: 'u' }, spec: given, status: {} }).object as unknown as Pod;
    applyDefaults('core/v1.Pod', pod);
  } catch {
    return undefined;
  }
  return Array.isArray(pod.spec?.containers) ? (pod as NodePod) : undefined;
}

/** Errors with a text are answers; a TypeError is a bug. */
function answered(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(TypeError);
    expect(error).not.toBeInstanceOf(RangeError);
  }
}

const settings = {
  podLogsDir: '/l',
  cgroupRoot: '/',
  clusterDomain: 'cluster.local',
  seccompDir: '/s',
  seccompDefault: false,
  cpuCFSQuota: true,
  cpuCFSQuotaPeriod: '100ms',
  podPidsLimit: -1,
  memoryCapacity: 1 << 30,
};

describe('whatever pod the API lets through', () => {
  it('is planned, told, admitted or refused, resized and configured without a bug showing', () => {
    let tried = 0;
    fc.assert(
      fc.property(spec, fc.array(exit, { maxLength: 4 }), fc.boolean(), (given, exits, finished) => {
        const pod = podOf(given);
        if (pod === undefined) return;
        tried++;
        const observed = seen(exits);
        const input = {
          pod,
          others: [pod],
          node: { metadata: {} },
          allocatable: { cpu: '2', memory: '1Gi', pods: '3' },
          allowedUnsafeSysctls: [],
        };
        answered(() => planPod(pod, observed));
        answered(() =>
          podStatus({
            pod,
            observed,
            previous: pod.status,
            waiting: new Map(),
            probes: NO_PROBE_RESULTS,
            runtimeName: 'r',
            hostIPs: ['1.2.3.4'],
            finished,
            now: 0,
          }),
        );
        answered(() => refusal(input));
        answered(() => preempted(input));
        answered(() => resizeRefusal(input));
        answered(() => resizeText('started', pod, 1));
        answered(() => withAllocation(pod, allocationOf(pod)));
        answered(() => sandboxConfig(pod, 0, { servers: [], searches: [], options: [] }, settings));
        answered(
          () =>
            hasLocalLimits(pod) &&
            localStorageExcess(pod, { podRef: { name: 'p', namespace: 'd', uid: 'u' }, startTime: '', containers: [] }),
        );
        for (const { container: c } of podContainers(pod.spec)) {
          answered(() => containerResources(pod, c, settings));
          answered(() => containerSecurity(pod, c, {}, settings));
        }
      }),
      { numRuns: 400 },
    );
    expect(tried).toBeGreaterThan(0);
  });
});
