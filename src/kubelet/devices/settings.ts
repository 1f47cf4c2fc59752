/** What containers get with their devices: the plugins' answers put together (kubernetes `pkg/kubelet/cm/devicemanager/pod_devices.go`, deviceRunContainerOptions). */
import type { ContainerConfig } from '../../runtime/runtime.ts';
import type { ContainerAllocateResponse } from './proto/device_plugin_pb.ts';

export interface DeviceSettings extends Pick<ContainerConfig, 'devices' | 'mounts' | 'annotations'> {
  readonly envs: ReadonlyMap<string, string>;
  /** Full names of CDI devices. */
  readonly cdiDevices: readonly string[];
}

export const NO_DEVICE_SETTINGS: DeviceSettings = { envs: new Map(), devices: [], mounts: [], annotations: {}, cdiDevices: [] };

/** The first answer that says something of a name or path counts. */
export function deviceSettings(answers: readonly ContainerAllocateResponse[]): DeviceSettings {
  const firstOf = <T>(pairs: readonly (readonly [string, T])[]): Map<string, T> => new Map(pairs.toReversed());
  return {
    envs: firstOf(answers.flatMap((answer) => Object.entries(answer.envs))),
    annotations: Object.fromEntries(firstOf(answers.flatMap((answer) => Object.entries(answer.annotations)))),
    devices: firstByPath(answers.flatMap((answer) => answer.devices)).map(({ containerPath, hostPath, permissions }) => ({
      containerPath,
      hostPath,
      permissions,
    })),
    mounts: firstByPath(answers.flatMap((answer) => answer.mounts)).map(({ containerPath, hostPath, readOnly }) => ({
      containerPath,
      hostPath,
      readonly: readOnly,
      propagation: 'private' as const,
    })),
    cdiDevices: [...new Set(answers.flatMap((answer) => answer.cdiDevices.map(({ name }) => name)))],
  };
}

function firstByPath<T extends { readonly containerPath: string }>(list: readonly T[]): T[] {
  const seen = new Set<string>();
  return list.filter(({ containerPath }) => !seen.has(containerPath) && seen.add(containerPath));
}
