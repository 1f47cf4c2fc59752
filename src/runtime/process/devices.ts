/** Devices of the host that a container is given beside those that every container has. */
import { dirname } from 'node:path';
import type { Files } from '../../util/host.ts';
import { RuntimeError, type ContainerConfig } from '../runtime.ts';

type Device = ContainerConfig['devices'][number];

/**
 * Rules of the devices controller that let a container use its devices, one each. Rejects when one is no device, would not
 * lie below /dev, or is asked for in a way that this runtime does not have.
 */
export async function deviceRules(files: Files, { devices, cdiDevices = [] }: ContainerConfig, plain: boolean): Promise<string[]> {
  const [cdi] = cdiDevices;
  if (cdi !== undefined)
    throw new RuntimeError('unimplemented', `CDI device ${JSON.stringify(cdi)}: the process runtime does not read CDI specifications`);
  return Promise.all(
    devices.map(async (device) => {
      deviceName(device.containerPath);
      if (plain && device.containerPath !== device.hostPath)
        throw new RuntimeError(
          'failedPrecondition',
          `device ${JSON.stringify(device.hostPath)} cannot be ${JSON.stringify(device.containerPath)} without root and Linux`,
        );
      return ruleOf(device, await statOf(files, device));
    }),
  );
}

/** Makes the files in a container's upper layer of /dev that its devices are mounted on; no container has written there yet. */
export async function makeDeviceTargets(files: Files, upper: string, { devices }: ContainerConfig): Promise<void> {
  for (const { containerPath } of devices) {
    const target = `${upper}/${deviceName(containerPath)}`;
    await files.mkdir(dirname(target), { recursive: true, mode: 0o755 });
    await files.writeFile(target, '', { mode: 0o600 });
  }
}

/** Where a device lies below /dev: `dri/card0`. Throws for any other path. */
export function deviceName(path: string): string {
  const name = /^\/dev\/([A-Za-z0-9_.:-]+(?:\/[A-Za-z0-9_.:-]+)*)$/.exec(path)?.[1];
  if (name === undefined || name.split('/').some((part) => part === '.' || part === '..'))
    throw new RuntimeError('invalidArgument', `device path ${JSON.stringify(path)} is not a name below /dev`);
  return name;
}

interface Kind {
  readonly letter: 'b' | 'c';
  readonly rdev: number;
}

async function statOf(files: Files, { hostPath }: Device): Promise<Kind> {
  const found = await files.stat(hostPath).catch((error: unknown) => {
    throw new RuntimeError('unknown', `failed to get device ${JSON.stringify(hostPath)}: no such file or directory`, { cause: error });
  });
  if (!found.isCharacterDevice() && !found.isBlockDevice())
    throw new RuntimeError('invalidArgument', `failed to get device ${JSON.stringify(hostPath)}: not a device node`);
  return { letter: found.isBlockDevice() ? 'b' : 'c', rdev: found.rdev };
}

function ruleOf({ permissions }: Device, { letter, rdev }: Kind): string {
  if (!/^[rwm]{1,3}$/.test(permissions))
    throw new RuntimeError('invalidArgument', `device permissions ${JSON.stringify(permissions)} are not of "rwm"`);
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${letter} ${major}:${minor} ${permissions}`;
}
