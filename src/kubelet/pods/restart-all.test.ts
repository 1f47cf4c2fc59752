import { describe, expect, it } from 'vitest';
import type { Pod } from '../../api/types.ts';
import { eventually, startTestNode } from '../testing/node.ts';

const rule = { action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } };
const image = 'busybox:1.36';

const pod: Pod = {
  metadata: { name: 'p' },
  spec: {
    restartPolicy: 'Never',
    initContainers: [{ name: 'i', image }],
    containers: [
      { name: 'source', image, restartPolicy: 'Never', restartPolicyRules: [rule] },
      { name: 'victim', image, lifecycle: { preStop: { exec: { command: ['never'] } } } },
    ],
  },
};

describe('a rule that restarts all containers', () => {
  it('removes them, shows why, and starts all anew in the same sandbox, init containers too', async () => {
    const commands: string[] = [];
    const node = await startTestNode({
      behave: ({ metadata }) => (metadata.name === 'i' ? { exit: 0 } : {}),
      exec: (command) => {
        commands.push(command.join(' '));
        return { code: 0 };
      },
    });
    try {
      node.api.createPod(pod);
      const running = (restarts: number) => () => {
        const status = node.api.pod('p')?.status;
        const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
        return status?.phase === 'Running' && all.every((s) => s.ready && s.restartCount === restarts) ? status : undefined;
      };
      const first = await eventually(running(0), 'the first run');
      const ids = (name: string): string[] =>
        [...node.runtime.containers.values()].filter((c) => c.metadata.name === name).map((c) => c.id);
      const [source = ''] = ids('source');
      node.runtime.exit(source, 42);
      const second = await eventually(running(1), 'the second run');
      expect(second.podIP).toBe(first.podIP);
      expect(node.runtime.calls.filter((call) => call.startsWith('runPodSandbox'))).toHaveLength(1);
      expect(node.runtime.calls.filter((call) => /^(stop|remove)Container/.test(call))).toEqual([
        'stopContainer victim 2',
        'removeContainer victim',
        'removeContainer i',
        'removeContainer source',
      ]);
      expect(commands).toEqual([]);
      await eventually(() => node.events('p').includes('Normal Killing: killing'), 'the event');
      expect(second.containerStatuses?.[0]?.lastState).toEqual({
        terminated: {
          exitCode: 137,
          reason: 'RestartingAllContainers',
          message: 'The container is removed because RestartAllContainers in place',
        },
      });
      const restarting = node.api.history.flatMap((p) => (p.status?.conditions ?? []).filter((c) => c.type === 'AllContainersRestarting'));
      expect(restarting.find((c) => c.status === 'True')).toMatchObject({
        reason: 'RestartAllContainersStarted',
        message: 'container exited with restart policy rule',
      });
      expect(restarting.at(-1)).not.toHaveProperty('observedGeneration');
      expect(second.conditions?.map((c) => `${c.type}=${c.status}`)).toEqual([
        'PodReadyToStartContainers=True',
        'Initialized=True',
        'Ready=True',
        'ContainersReady=True',
        'PodScheduled=True',
        'AllContainersRestarting=False',
      ]);
      const phases = new Set(node.api.history.map((p) => p.status?.phase));
      expect([...phases]).toEqual(expect.not.arrayContaining(['Failed', 'Succeeded']));
      expect(node.changes('p').some((line) => line.includes('waiting/RestartingAllContainers x1'))).toBe(true);
    } finally {
      await node.close();
    }
  });

  it('goes on where a kubelet that was stopped in between left it', async () => {
    const first = await startTestNode({ behave: ({ metadata }) => (metadata.name === 'i' ? { exit: 0 } : {}) });
    try {
      first.api.createPod(pod);
      await eventually(
        () => first.api.pod('p')?.status.phase === 'Running' && first.api.pod('p')?.status.containerStatuses?.every((s) => s.ready),
      );
      await first.kubelet.close();
      const source = [...first.runtime.containers.values()].find((c) => c.metadata.name === 'source');
      first.runtime.exit(source?.id ?? '', 42);
      const node = await first.restart();
      await eventually(() => node.api.pod('p')?.status.containerStatuses?.every((c) => c.ready && c.restartCount === 1), 'the new run');
      await node.kubelet.close();
    } finally {
      await first.close();
    }
  });
});
