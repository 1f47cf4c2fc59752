import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerRuntimeStatus, ContainerSummary, Image } from '../../runtime/runtime.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { createImageGc, type ImageGcOptions } from './image-gc.ts';
import { rotateLog, rotateLogs } from './log-rotation.ts';

const image = (id: string, sizeBytes: number, pinned = false): Image => ({ id, repoTags: [`${id}:1`], repoDigests: [], sizeBytes, pinned });

function imageNode(images: Image[], more: Partial<ImageGcOptions> & { used?: string[]; availableOf?: () => number } = {}) {
  const state = { now: 1_000_000, used: more.used ?? [], available: 50, warnings: [] as string[], removed: [] as string[] };
  const gc = createImageGc({
    runtime: {
      listImages: async () => images.filter(({ id }) => !state.removed.includes(id)),
      listContainers: async () => state.used.map((name) => ({ image: name, imageRef: '' }) as ContainerSummary),
      removeImage: async (id) => {
        if (id === 'stuck') throw new Error('in use');
        state.removed.push(id);
      },
    },
    clock: { ...systemHost.clock, now: () => state.now },
    log: silentLogger,
    room: async () => ({ capacity: 100, available: state.available }),
    highPercent: 85,
    lowPercent: 80,
    minAgeMs: 120_000,
    maxAgeMs: 0,
    warn: (reason, message) => state.warnings.push(`${reason}: ${message}`),
    ...more,
  });
  return { gc, state };
}

describe('images', () => {
  it('stay while there is room', async () => {
    const { gc, state } = imageNode([image('a', 10)]);
    await gc.collect();
    state.now += 10_000_000;
    await gc.collect();
    expect(state.removed).toEqual([]);
  });

  it('go when the disk fills up: the one unused for longest first, never one in use, pinned or new', async () => {
    const { gc, state } = imageNode([image('old', 4), image('later', 4), image('used', 50), image('pinned', 50, true)], {
      used: ['used:1', 'later:1'],
    });
    await gc.collect();
    state.now += 200_000;
    state.used = ['used:1'];
    state.available = 14;
    await gc.collect();
    expect(state.removed).toEqual(['old', 'later']);
    expect(state.warnings).toEqual([]);
  });

  it('that cannot be removed are told', async () => {
    const { gc, state } = imageNode([image('stuck', 40), image('fresh', 1)]);
    await gc.collect();
    state.now += 200_000;
    state.available = 10;
    await gc.collect();
    expect(state.removed).toEqual(['fresh']);
    expect(state.warnings).toEqual([
      'FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 10 bytes, but only found 1 bytes eligible to free.',
    ]);
  });

  it('go when nothing used them for as long as is configured, and all unused ones when pods are at stake', async () => {
    const { gc, state } = imageNode([image('a', 1), image('b', 1)], { maxAgeMs: 1000, used: ['b:1'] });
    await gc.collect();
    state.now += 2000;
    await gc.collect();
    expect(state.removed).toEqual(['a']);
    state.used = [];
    state.now += 1;
    await gc.removeUnused();
    expect(state.removed).toEqual(['a', 'b']);
  });
});

describe('a container log', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rotation-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  function rotation(maxFiles: number, reopen: () => Promise<void> = async () => undefined) {
    let second = 0;
    const path = join(directory, '0.log');
    return {
      path,
      options: {
        host: { ...systemHost, clock: { ...systemHost.clock, now: () => Date.parse('2026-01-02T03:04:05Z') + 1000 * second++ } },
        runtime: {
          listContainers: async () => [{ id: 'c', state: 'running' } as ContainerSummary, { id: 'd', state: 'exited' } as ContainerSummary],
          containerStatus: async () => ({ logPath: path }) as ContainerRuntimeStatus,
          reopenContainerLog: reopen,
        },
        log: silentLogger,
        maxBytes: 10,
        maxFiles,
      },
    };
  }

  it('is put aside when it is full; older ones are compressed and the oldest go', async () => {
    const { path, options } = rotation(3);
    await writeFile(path, 'short');
    await rotateLogs(options);
    expect(await readdir(directory)).toEqual(['0.log']);
    for (const text of ['first log line', 'second log line', 'third log line']) {
      await writeFile(path, text);
      await rotateLogs(options);
    }
    expect((await readdir(directory)).sort()).toEqual(['0.log.20260102-030406.gz', '0.log.20260102-030407']);
    expect(gunzipSync(await readFile(join(directory, '0.log.20260102-030406.gz'))).toString()).toBe('second log line');
  });

  it('gets its name back when the runtime does not open a new one, and leftovers of a crash are removed', async () => {
    const { path, options } = rotation(5, async () => {
      throw new Error('container is not running');
    });
    await writeFile(path, 'a long log line');
    await writeFile(`${path}.20250101-000000`, 'x');
    await writeFile(`${path}.20250101-000000.gz`, 'y');
    await writeFile(`${path}.20250101-000000.tmp`, 'z');
    await expect(rotateLog(options, 'c', path)).rejects.toThrow('not running');
    expect((await readdir(directory)).sort()).toEqual(['0.log', '0.log.20250101-000000.gz']);
    expect(await readFile(path, 'utf8')).toBe('a long log line');
  });
});
