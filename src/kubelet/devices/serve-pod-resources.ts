/** The socket on which node agents ask for pods' devices (kubernetes `pkg/kubelet/server/server.go`, ListenAndServePodResources). */
import { join } from 'node:path';
import { serveGrpc, type GrpcAnswer, type GrpcServer } from '../../net/grpc/server.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { KubeletMetrics } from '../stats/kubelet-metrics.ts';
import type { PodResourcesOptions } from './pod-resources.ts';
import { KUBELET_SOCKET } from './registration.ts';

export interface ServePodResourcesOptions extends PodResourcesOptions {
  readonly host: Host;
  /** `/var/lib/kubelet`. */
  readonly rootDir: string;
  readonly log: Logger;
  readonly metrics: KubeletMetrics;
}

const DIRECTORY = 'pod-resources';
const VERSION = ['v1'];

/** Undefined when the socket cannot be made, which is told: pods run without it. */
export async function servePodResources(options: ServePodResourcesOptions): Promise<GrpcServer | undefined> {
  const { host, rootDir, log, metrics } = options;
  const socket = join(rootDir, DIRECTORY, KUBELET_SOCKET);
  /** The library of messages is loaded with the first request. */
  const method =
    (name: 'List' | 'GetAllocatableResources' | 'Get', count: KubeletMetrics['podResourcesRequests']): GrpcAnswer =>
    async (bytes, signal) => {
      metrics.podResourcesRequests.increase(VERSION);
      count.increase(VERSION);
      const { podResourcesMethods } = await import('./pod-resources.ts');
      return podResourcesMethods(options)[name](bytes, signal);
    };
  try {
    await host.files.mkdir(join(rootDir, DIRECTORY), { recursive: true, mode: 0o750 });
    await host.files.rm(socket, { force: true });
    return await serveGrpc(socket, {
      'v1.PodResourcesLister': {
        List: method('List', metrics.podResourcesListRequests),
        GetAllocatableResources: method('GetAllocatableResources', metrics.podResourcesAllocatableRequests),
        Get: method('Get', metrics.podResourcesGetRequests),
      },
    });
  } catch (error) {
    log.error('Failed to create listener for podResources endpoint', { socket, err: errorText(error) });
    return undefined;
  }
}
