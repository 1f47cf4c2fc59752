import { closeSync, openSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import type { ContainerConfig } from '../runtime.ts';
import { deviceName, deviceRules } from './devices.ts';
import { cannotRun, containerConfig, startHarness, type Harness } from './testing/harness.ts';

const device = (hostPath: string, containerPath = hostPath, permissions = 'rw'): ContainerConfig['devices'][number] => ({
  containerPath,
  hostPath,
  permissions,
});

describe('the devices of a container', () => {
  it('lie below /dev, in directories or not', () => {
    expect(deviceName('/dev/kvm')).toBe('kvm');
    expect(deviceName('/dev/dri/renderD128')).toBe('dri/renderD128');
    for (const path of [
      '',
      '/dev',
      '/dev/',
      '/dev/../etc/x',
      '/dev/a/..',
      '/dev/./a',
      '/dev//a',
      '/etc/x',
      'dev/a',
      '/dev/a b',
      '/dev/a\n',
    ])
      expect(() => deviceName(path), path).toThrow('is not a name below /dev');
  });

  it('become rules of the devices controller, and what is none is refused', async () => {
    const rules = (devices: ContainerConfig['devices'], cdiDevices: string[] = []): Promise<string[]> =>
      deviceRules(systemHost.files, { ...containerConfig([], pod), devices, cdiDevices }, false);
    expect(await rules([device('/dev/full'), device('/dev/null', '/dev/x/y', 'r')])).toEqual(['c 1:7 rw', 'c 1:3 r']);
    await expect(rules([device('/etc/passwd', '/dev/x')])).rejects.toThrow('failed to get device "/etc/passwd": not a device node');
    await expect(rules([device('/dev/none-such')])).rejects.toThrow('no such file or directory');
    await expect(rules([device('/dev/null', '/dev/x', 'rwx')])).rejects.toThrow('device permissions "rwx" are not of "rwm"');
    await expect(rules([], ['example.com/gpu=0'])).rejects.toThrow(
      'CDI device "example.com/gpu=0": the process runtime does not read CDI specifications',
    );
  });
});

const pod = { security: { namespaces: { network: 'pod', pid: 'container', ipc: 'pod' } } } as Parameters<typeof containerConfig>[1];
const reason = cannotRun();
/** A device that no container has by itself: only a rule of its own opens it where devices are restricted. */
const rare = ['/dev/fuse', '/dev/net/tun', '/dev/loop-control'].find(opens) ?? '/dev/full';

function opens(path: string): boolean {
  try {
    closeSync(openSync(path, 'r'));
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(reason !== null)('a container of the process runtime', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await startHarness();
  }, 30_000);
  afterAll(() => h.clean(), 60_000);

  it('can use the devices that it was given, under their names for it, and the others not', async () => {
    const devices = [device(rare, '/dev/sub/rare', 'rw'), device('/dev/full', '/dev/mine')];
    const id = await h.run(
      ['sh', '-c', 'exec 3</dev/sub/rare && echo opened; echo x >/dev/mine || echo full; test -e /dev/loop-control || echo hidden'],
      { devices },
    );
    await h.ended(id);
    expect(await h.log(id)).toEqual(expect.arrayContaining(['stdout F opened', 'stdout F full', 'stdout F hidden']));
  });

  it('is not made with a device that is none', async () => {
    const sandbox = await h.sandbox();
    const config = containerConfig(['true'], sandbox.config, { devices: [device('/etc/passwd', '/dev/passwd')] });
    await expect(h.runtime.createContainer(sandbox.id, config, sandbox.config)).rejects.toMatchObject({ code: 'invalidArgument' });
  });
});
