/** Images from files: load, list, tag, remove, and pods from them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { writeBusyboxImage } from '../support/busybox-image.ts';
import { testThatNeeds } from '../support/need.ts';
import { podOf, runToEnd, valueOf } from '../support/pods.ts';
import { nodelet, type Result } from '../support/program.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes('busybox'));
const node = sharedNode();
const image = (...args: string[]): Promise<Result> => nodelet('image', ...args, `--data-dir=${node().dataDir}`);

test('an archive is loaded while the node runs, and listed', async () => {
  const archive = join(node().dataDir, '..', 'busybox.tar');
  writeBusyboxImage(archive, ['docker.io/library/busybox:1.36', 'example.com/mine:2']);
  expect(await image('load', archive)).toEqual({
    code: 0,
    stdout: 'Loaded docker.io/library/busybox:1.36\nLoaded example.com/mine:2\n',
    stderr: '',
  });
  const { stdout } = await image('list');
  expect(stdout).toMatch(/^IMAGE +ID +SIZE\n/);
  expect(stdout).toMatch(/^docker\.io\/library\/busybox:1\.36 +[0-9a-f]{12} +\d+\.\d MB$/m);
  expect(stdout).toMatch(/^example\.com\/mine:2 +[0-9a-f]{12} +/m);
});

test('a pod runs from it: its files and nothing of the machine’s', async () => {
  const pod = podOf('boxed', 'readlink /bin/sh; ls /; cat /etc/passwd', { image: 'busybox:1.36' });
  const said = await runToEnd(node(), pod);
  expect(said).toMatch(/^busybox\n/);
  expect(said).toContain('nobody:x:65534');
  expect(said).not.toMatch(/^(boot|lib64)$/m);
  expect(await valueOf(node(), 'pod/boxed', '.status.containerStatuses[0].image')).toBe('docker.io/library/busybox:1.36');
});

test('without a command the image’s own is run', async () => {
  await node().ok('run', 'own', '--image=busybox:1.36', '--restart=Never');
  await until('its end', async () => (await valueOf(node(), 'pod/own', '.status.phase')) === 'Succeeded');
});

test('a pod that waits for an image starts once it is tagged', async () => {
  await node().apply(podOf('waits', 'echo here', { image: 'later:1' }, { restartPolicy: 'Never' }));
  await until('the wait', async () =>
    /ErrImagePull|ImagePullBackOff/.test(await valueOf(node(), 'pod/waits', '.status.containerStatuses[0].state.waiting.reason')),
  );
  expect(await image('tag', 'busybox:1.36', 'later:1')).toEqual({ code: 0, stdout: '', stderr: '' });
  await until('its end', async () => (await valueOf(node(), 'pod/waits', '.status.phase')) === 'Succeeded', 40_000);
  expect(await node().ok('logs', 'waits')).toBe('here\n');
});

test('an image that was removed is gone', async () => {
  expect((await image('remove', 'example.com/mine:2')).code).toBe(0);
  expect((await image('list')).stdout).not.toContain('example.com/mine');
});

test('what is no image, no file, or no action is one clear line', async () => {
  const text = join(node().dataDir, '..', 'text');
  writeFileSync(text, 'not an image');
  for (const [args, said] of [
    [['load', text], /text cannot be loaded: /],
    [['load', '/does/not/exist'], /there is no file \/does\/not\/exist/],
    [['tag', 'nope:1', 'a:1'], /nope:1/],
    [['remove', 'nope:1'], /there is no image nope:1/],
    [['polish'], /nodelet image takes one of pull, load, list, tag, remove/],
    [['load'], /usage: nodelet image load FILE/],
  ] as const) {
    const result = await image(...args);
    expect([args, result.code, result.stderr.trim().split('\n').length]).toEqual([args, 1, 1]);
    expect(result.stderr).toMatch(said);
  }
});
