/** The process runtime alone: how long a container takes to start, the sandbox being there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removePodNetwork } from '../src/runtime/process/network.ts';
import { startProcessRuntime } from '../src/runtime/process/process-runtime.ts';
import type { ContainerConfig, PodSandboxConfig } from '../src/runtime/runtime.ts';
import { systemHost } from '../src/util/host.ts';
import { silentLogger } from '../src/util/log.ts';
import { report } from './lib.ts';

const RUNS = 30;
const namespaces = { network: 'pod', pid: 'container', ipc: 'pod' } as const;
const unconfined = { type: 'unconfined' } as const;

function sandboxConfig(logDirectory: string, n: number): PodSandboxConfig {
  return {
    metadata: { name: `bench-${n}`, uid: `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`, namespace: 'default', attempt: 0 },
    hostname: 'bench',
    logDirectory,
    portMappings: [],
    labels: {},
    annotations: {},
    cgroupParent: `/nodelet-bench/pod${n}`,
    sysctls: {},
    security: { namespaces, privileged: false, supplementalGroups: [], readonlyRootfs: false, seccomp: unconfined },
  };
}

function containerConfig(attempt: number): ContainerConfig {
  return {
    metadata: { name: 'c', attempt },
    image: { image: 'host', userSpecified: 'host' },
    command: ['sleep', '1000'],
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    devices: [],
    labels: {},
    annotations: {},
    logPath: `c/${attempt}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: {},
    security: {
      namespaces,
      privileged: false,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      readonlyRootfs: false,
      noNewPrivs: false,
      maskedPaths: [],
      readonlyPaths: [],
      seccomp: unconfined,
    },
  };
}

export async function measureContainerStart(): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'nodelet-bench-'));
  const runtime = await startProcessRuntime({
    rootDir: join(root, 'runtime'),
    imagesDir: join(root, 'images'),
    host: systemHost,
    log: silentLogger,
    cgroupRoot: '/nodelet-bench',
    bridge: 'nodelet-bench',
    subnet: '10.103.0.0/24',
  });
  const sandboxes: number[] = [];
  const starts: number[] = [];
  try {
    for (let n = 0; n < RUNS; n++) {
      const config = sandboxConfig(join(root, 'logs', String(n)), n);
      let at = performance.now();
      const sandbox = await runtime.runPodSandbox(config);
      sandboxes.push(performance.now() - at);
      at = performance.now();
      const container = await runtime.createContainer(sandbox, containerConfig(0), config);
      await runtime.startContainer(container);
      starts.push(performance.now() - at);
      await runtime.stopPodSandbox(sandbox);
      await runtime.removePodSandbox(sandbox);
    }
    report('sandbox with a network of its own', sandboxes);
    report('container create + start (image host)', starts);
  } finally {
    await runtime.close();
    await removePodNetwork(systemHost, 'nodelet-bench');
    rmSync(root, { recursive: true, force: true });
  }
}
