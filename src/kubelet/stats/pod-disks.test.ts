import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import type { MeasuredPodStats } from './collector.ts';
import { createDiskUsage } from './disk-usage.ts';
import { createPodDisks } from './pod-disks.ts';
import { createStatfs } from './statfs.ts';
import { memoryFiles, runningPod } from './testing.ts';

it('the writable layer is that of the first process of the group where the runtime does not tell one, also once that has ended', async () => {
  const root = await mkdtemp(join(tmpdir(), 'nodelet-layer-'));
  const upper = join(root, 'upper');
  await mkdir(upper);
  await writeFile(join(upper, 'written'), Buffer.alloc(100_000));
  const files = memoryFiles({
    '/proc/78/mountinfo': `9 5 0:2 / / rw - overlay overlay rw,lowerdir=/l,upperdir=${upper},workdir=/w\n`,
    '/proc/79/mountinfo': '9 5 0:2 / / rw - ext4 /dev/x rw\n',
  });
  const usage = createDiskUsage(systemHost, () => undefined);
  const statfs = createStatfs(systemHost);
  const disks = createPodDisks({ host: systemHost, files, usage, statfs, rootDir: root, podLogsDir: join(root, 'logs') });
  const { pod, observed } = runningPod('p');
  const [told] = observed.containers;
  const { pid: _pid, ...container } = told ?? {};
  const measured = (pid: number): MeasuredPodStats =>
    ({
      targets: { measured: { pod } },
      containers: [{ target: { container }, sample: { pids: [pid] } }],
    }) as unknown as MeasuredPodStats;
  const written = (pid: number): number => disks.read(measured(pid), undefined).rootfs(told?.id ?? '')?.usedBytes ?? 0;
  try {
    await expect.poll(() => written(78), { timeout: 10_000 }).toBeGreaterThanOrEqual(100_000);
    expect(written(79)).toBeGreaterThanOrEqual(100_000);
  } finally {
    usage.close();
    await rm(root, { recursive: true });
  }
});
