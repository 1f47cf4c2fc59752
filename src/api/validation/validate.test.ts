import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../defaults/defaults.ts';
import { fieldErrorText } from '../field-errors.ts';
import { resources } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { cronFault } from './cron.ts';
import { validateCreate, validateUpdate } from './validate.ts';
import { deprecationOf, warningsFor } from './warnings.ts';

type Fields = Record<string, unknown>;
const container = { name: 'c', image: 'x' };

function errorsOf(of: ResourceDefinition, object: Fields): string[] {
  const copy = structuredClone({ metadata: { name: 'o', ...(of.namespaced && { namespace: 'n' }) }, ...object });
  applyDefaults(of.type, copy);
  return validateCreate(of, copy).map(fieldErrorText);
}
const podErrors = (spec: Fields): string[] => errorsOf(resources.pods, { spec: { containers: [container], ...spec } });
const containerErrors = (fields: Fields): string[] => podErrors({ containers: [{ ...container, ...fields }] });

describe('metadata', () => {
  it.each([
    [{ name: '' }, 'metadata.name: Required value: name or generateName is required'],
    [{ generateName: 'AB-' }, /^metadata.generateName: Invalid value: "AB-": a lowercase RFC 1123 subdomain/],
    [{ annotations: { a: 'x'.repeat(300_000) } }, 'metadata.annotations: Too long: may not be more than 262144 bytes'],
    [{ finalizers: ['orphan', 'foregroundDeletion'] }, /finalizer orphan and foregroundDeletion cannot be both set$/],
    [{ ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'e', uid: 'u' }] }, /Kind=Event is disallowed from being an owner$/],
  ])('%j is refused', (metadata, expected) => {
    const errors = errorsOf(resources.configmaps, { metadata: { name: 'o', namespace: 'n', ...metadata } });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(expected);
  });

  it('a namespace where none belongs is refused', () => {
    expect(errorsOf(resources.nodes, { metadata: { name: 'o', namespace: 'n' } })).toEqual([
      'metadata.namespace: Forbidden: not allowed on this type',
    ]);
    expect(errorsOf(resources.configmaps, { metadata: { name: 'o' } })).toEqual(['metadata.namespace: Required value']);
  });

  it('names of roles may have colons, names of others may not', () => {
    expect(errorsOf(resources['clusterroles.rbac.authorization.k8s.io'], { metadata: { name: 'system:a' } })).toEqual([]);
    expect(errorsOf(resources.configmaps, { metadata: { name: 'system:a', namespace: 'n' } })).toHaveLength(1);
  });
});

describe('pods', () => {
  it.each([
    [{ containers: [] }, ['spec.containers: Required value']],
    [{ containers: [{}] }, ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value']],
    [
      { volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] },
      [`spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`],
    ],
    [{ volumes: [{ name: 'v', hostPath: {} }] }, ['spec.volumes[0].hostPath.path: Required value']],
    [
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      { volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: '../x' }] } }] },
      [`spec.volumes[0].secret.items[0].path: Invalid value: "../x": must not contain '..'`],
    ],
    [
      { volumes: [{ name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: '/x' }] } }] },
      ['spec.volumes[0].configMap.items[0].path: Invalid value: "/x": must be a relative path'],
    ],
    [
      { volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 4096 } }] },
      ['spec.volumes[0].configMap.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive'],
    ],
    [
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 5 } }] } }] },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
      ],
    ],
    [{ volumes: [{ name: 'v' }, { name: 'v' }] }, ['spec.volumes[1].name: Duplicate value: "v"']],
    [
      { initContainers: [{ ...container, name: 'i', livenessProbe: { tcpSocket: { port: 1 } } }] },
      ['spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always'],
    ],
    [{ initContainers: [{ ...container, name: 'i', restartPolicy: 'Always', livenessProbe: { tcpSocket: { port: 1 } } }] }, []],
    [
      { containers: [{ ...container, restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] }] },
      ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    ],
    [
      {
        initContainers: [
          {
            ...container,
            name: 'i',
            restartPolicy: 'Always',
            restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [1] } }],
          },
        ],
      },
      [],
    ],
    [
      {
        containers: [
          {
            ...container,
            restartPolicy: 'Maybe',
            restartPolicyRules: [
              { action: 'Stop' },
              { action: 'Restart', exitCodes: { operator: 'Out', values: Array.from({ length: 256 }, () => 1) } },
            ],
          },
        ],
      },
      [
        'spec.containers[0].restartPolicy: Unsupported value: "Maybe": supported values: "Always", "Never", "OnFailure"',
        'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"',
        'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
        'spec.containers[0].restartPolicyRules[1].exitCodes.operator: Unsupported value: "Out": supported values: "In", "NotIn"',
        'spec.containers[0].restartPolicyRules[1].exitCodes.values: Too many: 256: must have at most 255 items',
      ],
    ],
    [
      { hostUsers: false, hostPID: true, hostIPC: true, containers: [{ ...container, securityContext: { procMount: 'Unmasked' } }] },
      ['spec.HostPID: Forbidden: when `hostUsers` is false', 'spec.HostIPC: Forbidden: when `hostUsers` is false'],
    ],
    [
      { containers: [{ ...container, securityContext: { procMount: 'Unmasked' } }] },
      ['spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'],
    ],
    [
      {
        os: { name: 'linux' },
        securityContext: { windowsOptions: {}, appArmorProfile: { type: 'Localhost' } },
        containers: [{ ...container, securityContext: { windowsOptions: {}, appArmorProfile: { type: 'Mine' } } }],
      },
      [
        'spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "Mine": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
        'spec.securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost',
        'spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
        'spec.containers[0].securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod',
      ],
    ],
    [{ initContainers: [container] }, ['spec.initContainers[0].name: Duplicate value: "c"']],
    [{ ephemeralContainers: [{ ...container, name: 'e' }] }, ['spec.ephemeralContainers: Forbidden: cannot be set on create']],
    [{ activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
    [{ hostname: 'A' }, [expect.stringMatching(/^spec.hostname: Invalid value: "A": a lowercase RFC 1123 label/)]],
    [{ dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
    [
      { hostPID: true, shareProcessNamespace: true },
      ['spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
    ],
    [{ imagePullSecrets: [{}] }, ['spec.imagePullSecrets[0].name: Required value']],
    [
      { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] },
      [expect.stringMatching(/value must be empty when `operator` is 'Exists'$/)],
    ],
    [{ terminationGracePeriodSeconds: -1 }, []],
  ])('%j', (spec, expected) => {
    expect(podErrors(spec)).toEqual(expected);
  });

  it.each([
    [{ name: 'C_' }, [expect.stringMatching(/^spec.containers\[0\].name: Invalid value: "C_": a lowercase RFC 1123 label/)]],
    [{ image: ' x' }, ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace']],
    [{ volumeMounts: [{ name: 'nope', mountPath: '/x' }] }, ['spec.containers[0].volumeMounts[0].name: Not found: "nope"']],
    [
      { ports: [{ name: 'A', containerPort: 1 }] },
      expect.arrayContaining([expect.stringMatching(/must contain only alpha-numeric characters/)]),
    ],
    [
      { ports: [{ containerPort: 1, protocol: 'X' }] },
      ['spec.containers[0].ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      {
        ports: [
          { containerPort: 1, hostPort: 9 },
          { containerPort: 2, hostPort: 9 },
        ],
      },
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"'],
    ],
    [
      { env: [{ name: 'A', valueFrom: {} }] },
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ],
    ],
    [
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.nope' } } }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.nope": error converting fieldPath: field label not supported: metadata.nope',
      ],
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['a']" } } }] }, []],
    [
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] },
      [expect.stringMatching(/Unsupported value: "metadata.labels": supported values: "metadata.name"/)],
    ],
    [{ env: [{ name: 'A=B' }] }, [expect.stringMatching(/only of printable ASCII characters other than '='$/)]],
    [{ envFrom: [{}] }, ['spec.containers[0].envFrom[0]: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']],
    [
      { resources: { limits: { cpu: '-1' } } },
      expect.arrayContaining(['spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    ],
    [
      { resources: { limits: { bananas: '1' } } },
      expect.arrayContaining([
        'spec.containers[0].resources.limits[bananas]: Invalid value: "bananas": must be a standard resource for containers',
      ]),
    ],
    [
      { resources: { requests: { 'x.io/gpu': '1' } } },
      ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    ],
    [{ livenessProbe: { exec: {} } }, ['spec.containers[0].livenessProbe.exec.command: Required value']],
    [
      { livenessProbe: { httpGet: { port: 0 } } },
      ['spec.containers[0].livenessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ],
    [
      { livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } },
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      { securityContext: { runAsUser: -1 } },
      ['spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 4294967295, inclusive'],
    ],
    [
      { securityContext: { privileged: true, allowPrivilegeEscalation: false } },
      [expect.stringMatching(/cannot set `allowPrivilegeEscalation` to false and `privileged` to true$/)],
    ],
    [
      { terminationMessagePolicy: 'x' },
      ['spec.containers[0].terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"'],
    ],
  ])('a container with %j', (fields, expected) => {
    expect(containerErrors(fields)).toEqual(expected);
  });

  it('mounts are unique and stay in their volume', () => {
    const mounts = [
      { name: 'v', mountPath: '/x' },
      { name: 'v', mountPath: '/x', subPath: '../y' },
    ];
    expect(podErrors({ volumes: [{ name: 'v' }], containers: [{ ...container, volumeMounts: mounts }] })).toEqual([
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
      `spec.containers[0].volumeMounts[1].subPath: Invalid value: "../y": must not contain '..'`,
    ]);
  });

  it('only a few fields change afterwards', () => {
    const before = {
      metadata: { name: 'p', namespace: 'n' },
      spec: { containers: [container], tolerations: [{ key: 'a', operator: 'Exists' }], activeDeadlineSeconds: 10 },
    };
    applyDefaults('core/v1.Pod', before);
    const change = (spec: Fields): string[] =>
      validateUpdate(resources.pods, { ...before, spec: { ...before.spec, ...spec } }, before).map(fieldErrorText);
    expect(change({})).toEqual([]);
    expect(change({ containers: [{ ...before.spec.containers[0], image: 'y' }] })).toEqual([]);
    expect(change({ activeDeadlineSeconds: 5 })).toEqual([]);
    expect(change({ activeDeadlineSeconds: 11 })).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 11: must be less than or equal to previous value',
    ]);
    expect(change({ tolerations: [] })).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ]);
    expect(change({ containers: [] })).toEqual([
      'spec.containers: Required value',
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ]);
    const [error] = change({ hostNetwork: true });
    expect(error).toMatch(/^spec: Forbidden: pod updates may not change fields other than `spec.containers\[\*\].image`/);
    expect(error).toMatch(
      /\n@@ -\d+,7 \+\d+,7 @@\n {2}"AutomountServiceAccountToken": null,\n {2}"NodeName": "",\n {2}"SecurityContext": \{\n- {2}"HostNetwork": false,\n\+ {2}"HostNetwork": true,\n/,
    );
  });

  it('containers for debugging are added and never changed', () => {
    const before = {
      metadata: { name: 'p', namespace: 'n' },
      spec: { containers: [container], ephemeralContainers: [{ name: 'e', image: 'x' }] },
    };
    applyDefaults('core/v1.Pod', before);
    const change = (ephemeralContainers: unknown[]): string[] => {
      const pod = structuredClone({ ...before, spec: { ...before.spec, ephemeralContainers } });
      applyDefaults('core/v1.Pod', pod);
      return validateUpdate(resources.pods, pod, before, 'ephemeralcontainers').map(fieldErrorText);
    };
    expect(change([...before.spec.ephemeralContainers, { name: 'f', image: 'y', targetContainerName: 'c' }])).toEqual([]);
    expect(change([])).toEqual(['spec.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be removed\n']);
    expect(
      change([...before.spec.ephemeralContainers, { name: 'f', image: 'y', targetContainerName: 'z', ports: [{ containerPort: 1 }] }]),
    ).toEqual([
      'spec.ephemeralContainers[1].targetContainerName: Not found: "z"',
      'spec.ephemeralContainers[1].ports: Forbidden: cannot be set for an Ephemeral Container',
    ]);
  });

  it('a container that ended stays ended in a status when its policy says so', () => {
    const status = (state: object): object => ({
      metadata: { name: 'p', namespace: 'n' },
      spec: { restartPolicy: 'Never' },
      status: { containerStatuses: [{ name: 'c', state }] },
    });
    const errors = validateUpdate(resources.pods, status({ running: {} }), status({ terminated: { exitCode: 0 } }), 'status');
    const rules = (action: string, exitCode: number): unknown[] => {
      const exitCodes = { operator: 'In', values: [42] };
      const containers = [{ name: 'c', restartPolicy: 'Never', restartPolicyRules: [{ action, exitCodes }] }];
      const [to, from] = [status({ running: {} }), status({ terminated: { exitCode } })];
      return validateUpdate(resources.pods, to, { ...from, spec: { restartPolicy: 'Never', containers } }, 'status');
    };
    expect([rules('Restart', 42), rules('Restart', 0), rules('RestartAllContainers', 0)].map((e) => e.length)).toEqual([0, 1, 0]);
    expect(errors.map(fieldErrorText)).toEqual([
      'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state',
    ]);
  });
});

describe('other kinds', () => {
  const selector = { matchLabels: { a: 'b' } };
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
  it.each<[ResourceDefinition, Fields, string[]]>([
    [
      resources.configmaps,
      { data: { a: '1' }, binaryData: { a: 'AA==' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [resources.secrets, { type: 'kubernetes.io/basic-auth' }, ['data[username]: Required value', 'data[password]: Required value']],
    [
      resources.secrets,
      { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'ew==' } },
      [expect.stringMatching(/^data\[.dockerconfigjson\]: Invalid value: "<secret contents redacted>"/)],
    ],
    [
      resources.services,
      { spec: { ports: [{ port: 0 }] } },
      [
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    ],
    [resources.services, { spec: { type: 'ExternalName' } }, ['spec.externalName: Required value']],
    [
      resources.services,
      { spec: { type: 'X', ports: [{ port: 1 }] } },
      ['spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
    ],
    [
      resources.services,
      { spec: { ports: [{ port: 1, nodePort: 30_000 }] } },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      resources['leases.coordination.k8s.io'],
      { spec: { leaseDurationSeconds: 0 } },
      ['spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'],
    ],
    [
      resources['rolebindings.rbac.authorization.k8s.io'],
      {
        roleRef: { kind: 'X', name: '' },
        subjects: [
          { kind: 'Foo', name: 'x' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
      [
        'roleRef.kind: Unsupported value: "X": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
        'subjects[0].kind: Unsupported value: "Foo": supported values: "ServiceAccount", "User", "Group"',
        'subjects[1].namespace: Required value',
      ],
    ],
    [
      resources['deployments.apps'],
      { spec: { selector, template: { ...template, metadata: { labels: { a: 'c' } } } } },
      ['spec.template.metadata.labels: Invalid value: {"a":"c"}: `selector` does not match template `labels`'],
    ],
    [resources['deployments.apps'], { spec: { template } }, ['spec.selector: Required value']],
    [
      resources['deployments.apps'],
      { spec: { selector, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } },
      ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
    ],
    [
      resources['jobs.batch'],
      { spec: { template } },
      ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
    ],
    [
      resources.persistentvolumeclaims,
      { spec: {} },
      ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value'],
    ],
    [
      resources['horizontalpodautoscalers.autoscaling'],
      { spec: { scaleTargetRef: { kind: 'D', name: 'd' }, minReplicas: 3, maxReplicas: 2 } },
      ['spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`'],
    ],
  ])('%o refuses %j', (of, object, expected) => {
    expect(errorsOf(of, object)).toEqual(expected);
  });

  it('what is immutable stays', () => {
    const meta = { metadata: { name: 'o', namespace: 'n' } };
    const update = (of: ResourceDefinition, now: Fields, then: Fields): string[] =>
      validateUpdate(of, { ...now, ...meta }, { ...then, ...meta }).map(fieldErrorText);
    expect(update(resources.configmaps, { data: { a: '2' } }, { immutable: true, data: { a: '1' } })).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    const set = { spec: { serviceName: 's', replicas: 1, selector, template } };
    applyDefaults('apps/v1.StatefulSet', set);
    const grown = { spec: { ...set.spec, replicas: 2 } };
    expect(update(resources['statefulsets.apps'], grown, set)).toEqual([]);
    expect(update(resources['statefulsets.apps'], { spec: { ...set.spec, serviceName: 't' } }, set)).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
    const gone = { metadata: { ...meta.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const late = { metadata: { ...gone.metadata, finalizers: ['a.b/c'] } };
    expect(validateUpdate(resources.configmaps, late, gone).map(fieldErrorText)).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a.b/c"}',
    ]);
  });

  it.each([
    ['*/5 * * * *', undefined],
    ['@hourly', undefined],
    ['0 0 1 jan mon-fri', undefined],
    ['often', 'expected exactly 5 fields, found 1: [often]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['a * * * *', 'failed to parse int from a: strconv.Atoi: parsing "a": invalid syntax'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@never', 'unrecognized descriptor: @never'],
  ])('the schedule %j', (schedule, fault) => {
    expect(cronFault(schedule)).toBe(fault);
  });
});

describe('warnings', () => {
  it('name what will surprise', () => {
    const pod = {
      metadata: { name: 'a.b' },
      spec: {
        terminationGracePeriodSeconds: -1,
        nodeSelector: { 'beta.kubernetes.io/arch': 'x' },
        imagePullSecrets: [{ name: 'x' }, { name: 'x' }],
        volumes: [{ name: 'v', projected: {} }],
        containers: [
          {
            ...container,
            env: [
              { name: 'A', value: '1' },
              { name: 'A', value: '2' },
              { name: 'A', value: '$(A)3' },
            ],
            ports: [{ containerPort: 1 }, { containerPort: 1 }],
            resources: { limits: { memory: '100m' } },
          },
        ],
      },
    };
    expect(warningsFor(resources.pods, pod)).toEqual([
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      'spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead',
      'volume "v" (Projected) has no sources provided',
      'spec.imagePullSecrets[1].name: duplicate name "x"',
      'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]);
    expect(warningsFor(resources.configmaps, { metadata: { name: 'x' } })).toEqual([]);
    expect(deprecationOf(resources.endpoints)).toBe('v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice');
    expect(deprecationOf(resources.pods)).toBeUndefined();
  });
});
