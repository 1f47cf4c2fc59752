import { describe, expect, it } from 'vitest';
import { refusal } from '../pods/admission.ts';
import { eventually, startTestNode } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import { containerSecurity, sandboxSecurity } from './security.ts';
import { unenforced } from './unenforced.ts';

const ALL = ['seccomp', 'appArmor', 'seLinux'] as const;
const byDefault = { type: 'RuntimeDefault' };
const told = (pod: object, own: object = {}): string[] =>
  unenforced(aPod({ securityContext: pod }), { name: 'c', securityContext: own }, ALL);

describe('what a runtime goes without', () => {
  it.each([
    ['nothing', {}, {}, []],
    ['what is to be unconfined', { seccompProfile: { type: 'Unconfined' } }, {}, []],
    ['what the runtime refuses', { seccompProfile: { type: 'Localhost', localhostProfile: 'x' } }, {}, []],
    ['a default of the pod', { seccompProfile: byDefault }, {}, ['Seccomp profile RuntimeDefault is not applied by this runtime']],
    ['a default that the container overrides', { seccompProfile: byDefault }, { seccompProfile: { type: 'Unconfined' } }, []],
    ['defaults of a privileged container', { seccompProfile: byDefault }, { privileged: true }, []],
    [
      'all there is',
      { seLinuxOptions: { level: 's0' } },
      { seccompProfile: byDefault, appArmorProfile: byDefault },
      [
        'Seccomp profile RuntimeDefault is not applied by this runtime',
        'AppArmor profile RuntimeDefault is not applied by this runtime',
        'SELinux options are not applied by this runtime',
      ],
    ],
  ])('is told of %s', (_what, pod, own, sentences) => {
    expect(told(pod, own)).toEqual(sentences);
  });

  it('is nothing for one that knows all', () => {
    expect(unenforced(aPod({ securityContext: { seccompProfile: byDefault } }), { name: 'c' }, undefined)).toEqual([]);
  });

  it('is an event of the pod, which runs', async () => {
    const node = await startTestNode({ unenforced: ALL });
    try {
      const containers = [{ name: 'c', image: 'busybox:1.36', securityContext: { seccompProfile: byDefault, windowsOptions: {} } }];
      node.api.createPod({ metadata: { name: 'p' }, spec: { containers } });
      await eventually(() => node.api.pod('p')?.status.phase === 'Running', 'the pod');
      const event = 'Warning SecurityNotEnforced: Seccomp profile RuntimeDefault is not applied by this runtime';
      await eventually(() => node.events('p').includes(event), 'the event');
    } finally {
      await node.close();
    }
  });
});

describe('SELinux options', () => {
  it('are sent whole: those of the pod for its sandbox, those of a container in place of them', () => {
    const pod = aPod({ securityContext: { seLinuxOptions: { level: 's0:c1', type: 't' } } });
    const settings = { seccompDir: '/', seccompDefault: false };
    expect(sandboxSecurity(pod).selinux).toEqual({ user: '', role: '', type: 't', level: 's0:c1' });
    expect(containerSecurity(pod, { name: 'c' }, {}, settings).selinux).toEqual({ user: '', role: '', type: 't', level: 's0:c1' });
    const own = { name: 'c', securityContext: { seLinuxOptions: { user: 'u' } } };
    expect(containerSecurity(pod, own, {}, settings).selinux).toEqual({ user: 'u', role: '', type: '', level: '' });
    expect(containerSecurity(aPod(), { name: 'c' }, {}, settings)).not.toHaveProperty('selinux');
  });
});

describe('a pod that asks for AppArmor', () => {
  const input = { others: [], node: undefined, allocatable: { pods: '10' }, allowedUnsafeSysctls: [] };
  const asks = { containers: [{ name: 'c', securityContext: { appArmorProfile: byDefault } }] };
  const no = { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  it('is refused where the kernel has none, unless it runs already', () => {
    expect(refusal({ ...input, pod: aPod(asks), appArmor: false })).toEqual(no);
    expect(refusal({ ...input, pod: aPod({ securityContext: { appArmorProfile: byDefault } }), appArmor: false })).toEqual(no);
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'runtime/default' };
    expect(refusal({ ...input, pod: aPod({}, { annotations }), appArmor: false })).toEqual(no);
    expect(refusal({ ...input, pod: aPod(asks, {}, { phase: 'Running' }), appArmor: false })).toBeUndefined();
    expect(refusal({ ...input, pod: aPod(asks), appArmor: true })).toBeUndefined();
    expect(refusal({ ...input, pod: aPod(), appArmor: false })).toBeUndefined();
    const unconfined = aPod({ securityContext: { appArmorProfile: { type: 'Unconfined' } } });
    expect(refusal({ ...input, pod: unconfined, appArmor: false })).toBeUndefined();
  });
});
