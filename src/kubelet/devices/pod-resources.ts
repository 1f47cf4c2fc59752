/** What node agents are told of pods and their devices (kubernetes `pkg/kubelet/apis/podresources/server_v1.go`). Loaded with the first request. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { unary } from '../../net/grpc/methods.ts';
import type { GrpcAnswer } from '../../net/grpc/server.ts';
import { isSidecar, type NodePod } from '../pods/pod.ts';
import type { ContainerDevices, DeviceManager } from './devices.ts';
import { type ContainerDevicesSchema, type PodResourcesSchema, PodResourcesLister } from './proto/pod_resources_pb.ts';

export interface PodResourcesOptions {
  readonly devices: Pick<DeviceManager, 'ofContainer' | 'allocatable'>;
  /** Pods that are not over. */
  readonly pods: () => readonly NodePod[];
  readonly podByName: (namespace: string, name: string) => NodePod | undefined;
}

export function podResourcesMethods({
  devices,
  pods,
  podByName,
}: PodResourcesOptions): Readonly<Record<'List' | 'GetAllocatableResources' | 'Get', GrpcAnswer>> {
  const resourcesOf = ({ metadata: { name, namespace, uid }, spec }: NodePod): MessageInitShape<typeof PodResourcesSchema> => ({
    name,
    namespace,
    containers: [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers].map((container) => ({
      name: container.name,
      devices: devices.ofContainer(uid, container.name).flatMap(messages),
    })),
  });
  return {
    List: unary(PodResourcesLister.method.list, () => ({ podResources: pods().map(resourcesOf) })),
    GetAllocatableResources: unary(PodResourcesLister.method.getAllocatableResources, () => ({
      devices: devices.allocatable().flatMap(messages),
    })),
    Get: unary(PodResourcesLister.method.get, ({ podNamespace, podName }) => {
      const pod = podByName(podNamespace, podName);
      if (pod === undefined) throw new Error(`pod ${podName} in namespace ${podNamespace} not found`);
      return { podResources: resourcesOf(pod) };
    }),
  };
}

/** One message for a device, and one for each NUMA node of it, as the original. */
const messages = ({ resource, ids }: ContainerDevices): MessageInitShape<typeof ContainerDevicesSchema>[] =>
  ids.flatMap(({ id, numaNodes }) => {
    const device = { resourceName: resource, deviceIds: [id] };
    return numaNodes.length === 0 ? [device] : numaNodes.map((numa) => ({ ...device, topology: { nodes: [{ ID: BigInt(numa) }] } }));
  });
