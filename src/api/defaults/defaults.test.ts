import { describe, expect, it } from 'vitest';
import { normalize } from '../normalize.ts';
import { qosClass } from '../qos.ts';
import { resources } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { applyDefaults } from './defaults.ts';
import { prepareForCreate, prepareForUpdate } from './prepare.ts';

/** Creates as a server would, and writes as Go would. */
function created(of: ResourceDefinition, object: object): Record<string, unknown> {
  const copy = structuredClone(object);
  applyDefaults(of.type, copy);
  prepareForCreate(of, copy);
  return normalize(of.type, copy);
}

const container = { name: 'c', image: 'busybox:1.36', command: ['sleep', '3600'] };
const defaulted = {
  ...container,
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
};
const template = { metadata: { labels: { app: 'd' } }, spec: { containers: [container], terminationGracePeriodSeconds: 0 } };
const defaultedTemplate = {
  metadata: { labels: { app: 'd' } },
  spec: {
    containers: [defaulted],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 0,
    dnsPolicy: 'ClusterFirst',
    securityContext: {},
    schedulerName: 'default-scheduler',
  },
};

describe('defaults', () => {
  it('fills a pod as the API does', () => {
    expect(created(resources.pods, { metadata: { name: 'p' }, spec: { containers: [container] }, status: { phase: 'Running' } })).toEqual({
      metadata: { name: 'p', generation: 1 },
      spec: {
        containers: [defaulted],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
        enableServiceLinks: true,
      },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it('fills what hangs off containers and volumes', () => {
    const pod = {
      metadata: { name: 'p' },
      spec: {
        hostNetwork: true,
        serviceAccount: 'bot',
        volumes: [
          { name: 'a' },
          { name: 'b', secret: { secretName: 's' } },
          { name: 'c', hostPath: { path: '/x' } },
          { name: 'd', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
        ],
        containers: [
          {
            name: 'c',
            image: 'busybox',
            ports: [{ containerPort: 80 }],
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
            livenessProbe: { httpGet: { port: 80 } },
            resources: { limits: { cpu: '0.1005', memory: '1Gi' } },
          },
        ],
        initContainers: [{ name: 'i', image: 'busybox@sha256:abc' }],
        ephemeralContainers: [{ name: 'e', image: 'x:latest' }],
      },
    };
    expect(created(resources.pods, pod)).toMatchObject({
      spec: {
        serviceAccountName: 'bot',
        serviceAccount: 'bot',
        volumes: [
          { emptyDir: {} },
          { secret: { defaultMode: 420 } },
          { hostPath: { type: '' } },
          { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
        ],
        containers: [
          {
            imagePullPolicy: 'Always',
            ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
            env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
            livenessProbe: {
              timeoutSeconds: 1,
              periodSeconds: 10,
              successThreshold: 1,
              failureThreshold: 3,
              httpGet: { path: '/', scheme: 'HTTP' },
            },
            resources: { limits: { cpu: '101m', memory: '1Gi' }, requests: { cpu: '101m', memory: '1Gi' } },
          },
        ],
        initContainers: [{ imagePullPolicy: 'IfNotPresent' }],
        ephemeralContainers: [{ imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }],
      },
      status: { qosClass: 'Burstable' },
    });
  });

  it('fills services of each type', () => {
    const service = (spec: object): unknown => created(resources.services, { metadata: { name: 's' }, spec });
    expect(service({ selector: { app: 'p1' }, ports: [{ port: 80 }] })).toEqual({
      metadata: { name: 's' },
      spec: {
        ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }],
        selector: { app: 'p1' },
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
      },
      status: { loadBalancer: {} },
    });
    expect(service({ type: 'ExternalName', externalName: 'example.com' })).toEqual({
      metadata: { name: 's' },
      spec: { type: 'ExternalName', sessionAffinity: 'None', externalName: 'example.com' },
      status: { loadBalancer: {} },
    });
    expect(service({ clusterIP: 'None', selector: { a: 'b' } })).toMatchObject({ spec: { clusterIP: 'None', clusterIPs: ['None'] } });
    expect(service({ type: 'NodePort', ports: [{ port: 80 }] })).toMatchObject({
      spec: { externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' },
    });
  });

  it('fills small kinds', () => {
    expect(created(resources.secrets, { metadata: { name: 's' }, stringData: { a: 'hello' } })).toEqual({
      metadata: { name: 's' },
      data: { a: 'aGVsbG8=' },
      type: 'Opaque',
    });
    expect(created(resources.namespaces, { metadata: { name: 'n' } })).toEqual({
      metadata: { name: 'n', labels: { 'kubernetes.io/metadata.name': 'n' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    expect(created(resources.nodes, { metadata: { name: 'n' }, status: { capacity: { cpu: '2' } } })).toMatchObject({
      status: { allocatable: { cpu: '2' } },
    });
    const binding = {
      metadata: { name: 'b' },
      subjects: [
        { kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
      roleRef: { kind: 'ClusterRole', name: 'view' },
    };
    expect(created(resources['clusterrolebindings.rbac.authorization.k8s.io'], binding)).toEqual({
      metadata: { name: 'b' },
      subjects: [
        { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'u' },
        { kind: 'ServiceAccount', name: 's', namespace: 'n' },
      ],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    });
    expect(created(resources.persistentvolumeclaims, { metadata: { name: 'c' }, spec: {} })).toMatchObject({
      spec: { volumeMode: 'Filesystem' },
      status: { phase: 'Pending' },
    });
  });

  it('fills workloads', () => {
    const selector = { matchLabels: { app: 'd' } };
    expect(created(resources['deployments.apps'], { metadata: { name: 'd' }, spec: { selector, template } })).toEqual({
      metadata: { name: 'd', generation: 1 },
      spec: {
        replicas: 1,
        selector,
        template: defaultedTemplate,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
      },
      status: {},
    });
    expect(created(resources['daemonsets.apps'], { metadata: { name: 'd' }, spec: { selector, template } })).toEqual({
      metadata: { name: 'd', generation: 1, annotations: { 'deprecated.daemonset.template.generation': '1' } },
      spec: {
        selector,
        template: defaultedTemplate,
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
        revisionHistoryLimit: 10,
      },
      status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
    });
    const job = created(resources['jobs.batch'], {
      metadata: { name: 'j', uid: 'u' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } },
    });
    expect(job).toMatchObject({
      spec: {
        parallelism: 1,
        completions: 1,
        backoffLimit: 6,
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
        template: { metadata: { labels: { 'job-name': 'j', 'controller-uid': 'u' } } },
        completionMode: 'NonIndexed',
        suspend: false,
        podReplacementPolicy: 'TerminatingOrFailed',
      },
      status: {},
    });
  });

  it('changes nothing the second time', () => {
    const pod = {
      metadata: { name: 'p' },
      spec: { containers: [{ ...container, livenessProbe: { tcpSocket: { port: 1 } } }], volumes: [{ name: 'v' }] },
    };
    applyDefaults('core/v1.Pod', pod);
    const once = structuredClone(pod);
    applyDefaults('core/v1.Pod', pod);
    expect(pod).toEqual(once);
  });
});

describe('updates', () => {
  const before = {
    metadata: { name: 'p', uid: 'u', generation: 3, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { nodeName: 'n' },
    status: { phase: 'Running', qosClass: 'Burstable' },
  };

  it('keeps the status and counts changes of the spec', () => {
    const same = { metadata: { name: 'p', generation: 9 }, spec: { nodeName: 'n' }, status: { phase: 'Failed' } };
    prepareForUpdate(resources.pods, same, before);
    expect(same).toEqual(before);
    const changed = { metadata: { name: 'p' }, spec: { nodeName: 'n', activeDeadlineSeconds: 5 } };
    prepareForUpdate(resources.pods, changed, before);
    expect(changed).toMatchObject({ metadata: { generation: 4, uid: 'u' }, status: { phase: 'Running' } });
  });

  it('keeps the spec on /status, and the pod its class and owners', () => {
    const update = {
      metadata: { name: 'p', labels: { a: 'b' }, ownerReferences: [{}] },
      spec: { hostNetwork: true },
      status: { phase: 'Failed' },
    };
    prepareForUpdate(resources.pods, update, before, 'status');
    expect(update).toEqual({
      metadata: { ...before.metadata, labels: { a: 'b' } },
      spec: { nodeName: 'n' },
      status: { phase: 'Failed', qosClass: 'Burstable' },
    });
  });

  it('changes only its part on the other subresources', () => {
    const update = { metadata: { name: 'p' }, spec: { hostNetwork: true, ephemeralContainers: [{ name: 'e' }] }, status: {} };
    prepareForUpdate(resources.pods, update, before, 'ephemeralcontainers');
    expect(update).toMatchObject({
      spec: { nodeName: 'n', ephemeralContainers: [{ name: 'e' }] },
      status: before.status,
      metadata: { generation: 4 },
    });
    expect(update.spec).not.toHaveProperty('hostNetwork');
    const namespace = { metadata: { name: 'n' }, spec: { finalizers: [] } };
    const old = { metadata: { name: 'n' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Terminating' } };
    prepareForUpdate(resources.namespaces, namespace, old, 'finalize');
    expect(namespace).toEqual({ metadata: { name: 'n' }, spec: { finalizers: [] }, status: { phase: 'Terminating' } });
  });

  it('keeps what the server allocated for a service', () => {
    const old = {
      metadata: {},
      spec: { type: 'NodePort', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ port: 80, protocol: 'TCP', nodePort: 30001 }] },
    };
    const update = { metadata: {}, spec: { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP' }] } };
    prepareForUpdate(resources.services, update, old);
    expect(update).toMatchObject({ spec: { clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'], ports: [{ nodePort: 30001 }] } });
  });
});

describe('what was stored', () => {
  it('is read and never changed', () => {
    const freeze = <T>(value: T): T => {
      if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
      return value;
    };
    for (const name of ['pods', 'services', 'namespaces', 'deployments.apps', 'daemonsets.apps'] as const) {
      for (const subresource of ['', 'status', 'finalize', 'ephemeralcontainers', 'resize', 'approval']) {
        const before = freeze({ metadata: { name: 'o' } });
        expect(() =>
          prepareForUpdate(resources[name], { metadata: { name: 'o' }, spec: {}, status: {} }, before, subresource),
        ).not.toThrow();
      }
    }
  });
});

describe('qosClass', () => {
  const pod = (...all: object[]): Parameters<typeof qosClass>[0] => ({
    spec: { containers: all.map((resources) => ({ name: 'c', resources })) },
  });
  it.each([
    [[{}], 'BestEffort'],
    [[{ requests: { 'ephemeral-storage': '1' } }], 'BestEffort'],
    [[{ requests: { cpu: '0' } }], 'BestEffort'],
    [[{ requests: { cpu: '1' } }], 'Burstable'],
    [[{ limits: { cpu: '1', memory: '1Gi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1000m', memory: '1Gi' } }], 'Guaranteed'],
    [[{ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } }], 'Burstable'],
    [[{ limits: { cpu: '1', memory: '1Gi' } }, {}], 'Burstable'],
  ] as const)('%j is %s', (all, expected) => {
    expect(qosClass(pod(...all))).toBe(expected);
  });
});
