import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/types.ts';
import type { PodSandboxStatus } from '../../runtime/runtime.ts';
import { aPod, seen, type SeenContainer } from '../testing/objects.ts';
import { planPod, type ProbeResults } from './plan.ts';

interface Case {
  readonly what: string;
  readonly spec?: Partial<PodSpec>;
  readonly containers?: readonly SeenContainer[];
  readonly sandboxes?: readonly Partial<PodSandboxStatus>[];
  readonly probes?: Readonly<Record<string, 'success' | 'failure'>>;
  readonly deleting?: boolean;
  readonly restartAll?: true;
  readonly expected: { reset?: readonly string[]; create?: number; killPod?: true; kill?: readonly string[]; start?: readonly string[] };
}

const c = { name: 'c' };
const side = { name: 'side', restartPolicy: 'Always' };
const init = (...names: string[]): { name: string }[] => names.map((name) => ({ name }));
const down: Partial<PodSandboxStatus> = { state: 'notReady' };
const probe = { exec: { command: ['x'] } };
const restartAllOn42 = { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } };
const newSandbox = { sandboxes: [] };

const cases: readonly Case[] = [
  { what: 'makes the first sandbox and starts everything', ...newSandbox, expected: { killPod: true, create: 0, start: ['c'] } },
  {
    what: 'starts the first init container alone in a new sandbox',
    ...newSandbox,
    spec: { initContainers: init('i1', 'i2') },
    expected: { killPod: true, create: 0, start: ['i1'] },
  },
  {
    what: 'makes the next sandbox when the newest is down',
    sandboxes: [{ ...down, metadata: { name: 'p', uid: 'u', namespace: 'default', attempt: 3 } }],
    expected: { killPod: true, create: 4, start: ['c'] },
  },
  { what: 'makes the next sandbox when it has no address', sandboxes: [{ ips: [] }], expected: { killPod: true, create: 1, start: ['c'] } },
  { what: 'keeps a sandbox without address on the host network', sandboxes: [{ ips: [], network: 'node' }], containers: [c], expected: {} },
  { what: 'makes the next sandbox when two are ready', sandboxes: [{}, {}], expected: { killPod: true, create: 1, start: ['c'] } },
  {
    what: 'makes no other sandbox for a pod that never restarts',
    spec: { restartPolicy: 'Never' },
    sandboxes: [down],
    containers: [{ name: 'c', state: 'exited' }],
    expected: { killPod: true },
  },
  {
    what: 'makes a sandbox again when nothing ever ran in the first',
    spec: { restartPolicy: 'Never' },
    sandboxes: [down],
    expected: { killPod: true, create: 1, start: ['c'] },
  },
  {
    what: 'leaves what succeeded alone when it makes a sandbox for OnFailure',
    spec: { restartPolicy: 'OnFailure', containers: [{ name: 'a' }, { name: 'b' }] },
    sandboxes: [down],
    containers: [
      { name: 'a', state: 'exited' },
      { name: 'b', state: 'exited', exitCode: 1 },
    ],
    expected: { killPod: true, create: 1, start: ['b'] },
  },
  { what: 'makes no sandbox for a pod that is being deleted', deleting: true, ...newSandbox, expected: { killPod: true } },

  { what: 'is idle when everything runs', containers: [c], expected: {} },
  {
    what: 'starts what was never made',
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    containers: [{ name: 'a' }],
    expected: { start: ['b'] },
  },
  { what: 'starts a container that was made and not started', containers: [{ name: 'c', state: 'created' }], expected: { start: ['c'] } },
  { what: 'restarts an exit 0 with Always', containers: [{ name: 'c', state: 'exited' }], expected: { start: ['c'] } },
  {
    what: 'restarts an exit 1 with OnFailure',
    spec: { restartPolicy: 'OnFailure' },
    containers: [{ name: 'c', state: 'exited', exitCode: 1 }],
    expected: { start: ['c'] },
  },
  {
    what: 'ends the pod on an exit 0 with OnFailure',
    spec: { restartPolicy: 'OnFailure' },
    containers: [{ name: 'c', state: 'exited' }],
    expected: { killPod: true },
  },
  {
    what: 'ends the pod on an exit 1 with Never',
    spec: { restartPolicy: 'Never' },
    containers: [{ name: 'c', state: 'exited', exitCode: 1 }],
    expected: { killPod: true },
  },
  {
    what: 'keeps the pod while one of two containers runs',
    spec: { restartPolicy: 'Never', containers: [{ name: 'a' }, { name: 'b' }] },
    containers: [{ name: 'b' }, { name: 'a', state: 'exited' }],
    expected: {},
  },
  { what: 'restarts nothing of a pod that is being deleted', deleting: true, containers: [{ name: 'c', state: 'exited' }], expected: {} },
  {
    what: "follows a container's own restart policy",
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', restartPolicy: 'OnFailure' }] },
    containers: [{ name: 'c', state: 'exited', exitCode: 1 }],
    expected: { start: ['c'] },
  },
  {
    what: 'follows a rule about exit codes',
    spec: {
      restartPolicy: 'Never',
      containers: [
        { name: 'c', restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] },
      ],
    },
    containers: [{ name: 'c', state: 'exited', exitCode: 42 }],
    expected: { start: ['c'] },
  },
  {
    what: 'lets an init container with a policy of its own fail again in a pod that never restarts',
    spec: { restartPolicy: 'Never', initContainers: [{ name: 'i', restartPolicy: 'OnFailure' }] },
    containers: [{ name: 'i', state: 'exited', exitCode: 1 }],
    expected: { start: ['i'] },
  },
  {
    what: 'ignores rules of a container without a policy of its own',
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', restartPolicyRules: [restartAllOn42] }] },
    containers: [{ name: 'c', state: 'exited', exitCode: 42 }],
    expected: { killPod: true },
  },
  {
    what: 'removes all containers, dead ones too, those that began it last',
    restartAll: true,
    spec: {
      restartPolicy: 'Never',
      initContainers: [{ name: 'i' }, side],
      containers: [{ name: 'c', restartPolicy: 'Never', restartPolicyRules: [restartAllOn42] }, { name: 'd' }],
    },
    containers: [
      { name: 'd' },
      { name: 'c', state: 'exited', exitCode: 42, restarts: 1 },
      { name: 'c', state: 'exited' },
      { name: 'i', state: 'exited' },
      { name: 'side' },
    ],
    expected: { reset: ['c-0', 'd-0 killed', 'i-0', 'side-0 killed', 'c-1'] },
  },
  { what: 'makes a sandbox that is gone before all begins anew', restartAll: true, ...newSandbox, expected: { killPod: true, create: 0 } },
  { what: 'restarts nothing anew of a pod that is being deleted', restartAll: true, deleting: true, containers: [c], expected: {} },
  {
    what: 'kills and restarts a container in an unknown state',
    containers: [{ name: 'c', state: 'unknown' }],
    expected: { kill: ['Container is in "unknown" state, try killing it before restart'], start: ['c'] },
  },
  {
    what: 'restarts a container whose image changed, whatever the policy',
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'other' }] },
    containers: [c],
    expected: { kill: ['Container c definition changed, will be restarted'], start: ['c'] },
  },
  {
    what: 'restarts a container that failed its liveness probe',
    spec: { containers: [{ name: 'c', livenessProbe: probe }] },
    containers: [c],
    probes: { 'liveness c-0': 'failure' },
    expected: { kill: ['Container c failed liveness probe, will be restarted'], start: ['c'] },
  },
  {
    what: 'only kills it when the pod never restarts',
    spec: { restartPolicy: 'Never', containers: [{ name: 'c', livenessProbe: probe }, { name: 'd' }] },
    containers: [c, { name: 'd' }],
    probes: { 'liveness c-0': 'failure' },
    expected: { kill: ['Container c failed liveness probe'] },
  },
  {
    what: 'restarts a container that failed its startup probe',
    spec: { containers: [{ name: 'c', startupProbe: probe }] },
    containers: [c],
    probes: { 'startup c-0': 'failure' },
    expected: { kill: ['Container c failed startup probe, will be restarted'], start: ['c'] },
  },

  { what: 'waits for an init container that runs', spec: { initContainers: init('i1', 'i2') }, containers: [{ name: 'i1' }], expected: {} },
  {
    what: 'starts the next init container after a success',
    spec: { initContainers: init('i1', 'i2') },
    containers: [{ name: 'i1', state: 'exited' }],
    expected: { start: ['i2'] },
  },
  {
    what: 'starts the containers after the last init container',
    spec: { initContainers: init('i1', 'i2') },
    containers: [
      { name: 'i2', state: 'exited' },
      { name: 'i1', state: 'exited' },
    ],
    expected: { start: ['c'] },
  },
  {
    what: 'tries a failed init container again',
    spec: { initContainers: init('i1', 'i2') },
    containers: [{ name: 'i1', state: 'exited', exitCode: 5 }],
    expected: { start: ['i1'] },
  },
  {
    what: 'ends a pod that never restarts on a failed init container',
    spec: { restartPolicy: 'Never', initContainers: init('i1') },
    containers: [{ name: 'i1', state: 'exited', exitCode: 5 }],
    expected: { killPod: true },
  },
  {
    what: 'does not go back to init containers while a container runs',
    spec: { initContainers: init('i1') },
    containers: [c],
    expected: {},
  },
  {
    what: 'starts an init container again that was made and not started',
    spec: { initContainers: init('i1') },
    containers: [{ name: 'i1', state: 'created' }],
    expected: { start: ['i1'] },
  },

  {
    what: 'goes on when a sidecar runs',
    spec: { initContainers: [side, { name: 'i2' }] },
    containers: [{ name: 'side' }],
    expected: { start: ['i2'] },
  },
  {
    what: 'starts the containers when the sidecar is the last init container',
    spec: { initContainers: [side] },
    containers: [{ name: 'side' }],
    expected: { start: ['c'] },
  },
  {
    what: 'waits for the startup probe of a sidecar',
    spec: { initContainers: [{ ...side, startupProbe: probe }] },
    containers: [{ name: 'side' }],
    expected: {},
  },
  {
    what: 'goes on after the startup probe of a sidecar',
    spec: { initContainers: [{ ...side, startupProbe: probe }] },
    containers: [{ name: 'side' }],
    probes: { 'startup side-0': 'success' },
    expected: { start: ['c'] },
  },
  {
    what: 'restarts a sidecar that failed its startup probe',
    spec: { initContainers: [{ ...side, startupProbe: probe }] },
    containers: [{ name: 'side' }],
    probes: { 'startup side-0': 'failure' },
    expected: { kill: ['Init container side failed startup probe'], start: ['side'] },
  },
  {
    what: 'restarts a sidecar that ended, in a pod that never restarts too',
    spec: { restartPolicy: 'Never', initContainers: [side] },
    containers: [c, { name: 'side', state: 'exited', exitCode: 1 }],
    expected: { start: ['side'] },
  },
  {
    what: 'restarts a sidecar while a later init container runs',
    spec: { initContainers: [side, { name: 'i2' }] },
    containers: [{ name: 'i2' }, { name: 'side', state: 'exited', exitCode: 1 }],
    expected: { start: ['side'] },
  },
  {
    what: 'ends the pod with its sidecar when the containers are done',
    spec: { restartPolicy: 'Never', initContainers: [side] },
    containers: [{ name: 'c', state: 'exited' }, { name: 'side' }],
    expected: { killPod: true },
  },

  {
    what: 'starts an ephemeral container beside what runs',
    spec: { ephemeralContainers: [{ name: 'dbg', image: 'busybox' }] },
    containers: [c],
    expected: { start: ['dbg'] },
  },
  {
    what: 'starts an ephemeral container before initialisation is over',
    spec: { initContainers: init('i1'), ephemeralContainers: [{ name: 'dbg', image: 'busybox' }] },
    containers: [{ name: 'i1' }],
    expected: { start: ['dbg'] },
  },
  {
    what: 'never restarts an ephemeral container',
    spec: { ephemeralContainers: [{ name: 'dbg', image: 'busybox' }] },
    containers: [c, { name: 'dbg', state: 'exited', exitCode: 1 }],
    expected: {},
  },
];

describe('planPod', () => {
  it.each(cases)('$what', ({ spec = {}, containers = [], sandboxes, probes = {}, deleting, restartAll, expected }) => {
    const pod = aPod(spec, deleting === true ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {});
    const results: ProbeResults = { result: (kind, id) => probes[`${kind} ${id}`] ?? 'unknown' };
    const plan = planPod(pod, seen(containers, sandboxes), results, undefined, restartAll);
    expect({
      ...(plan.createSandbox && { create: plan.attempt }),
      ...(plan.killPod && { killPod: true }),
      ...(plan.reset.length > 0 && { reset: plan.reset.map(({ id, kill }) => (kill ? `${id} killed` : id)) }),
      ...(plan.kill.length > 0 && { kill: plan.kill.map((k) => k.message) }),
      ...(plan.start.length > 0 && { start: plan.start.map((s) => s.container.name) }),
    }).toEqual(expected);
  });
});
