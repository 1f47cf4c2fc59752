/** Everything that the API server passes on: to kubelets on behalf of pods, and to nodes, pods and Services themselves. */
import type { Authorizer } from '../../auth/types.ts';
import type { Endpoints, ObjectReader } from '../endpoint.ts';
import type { KubeletCredentials } from './kubelet-location.ts';
import { kubeletTransports, podLog } from './pod-log.ts';
import { podStream } from './pod-stream.ts';
import { nodeProxy, podProxy, serviceProxy } from './resource-proxy.ts';

export interface ProxyOptions {
  readonly objects: ObjectReader;
  readonly authorize: Authorizer;
  /** Asked at each request, so that renewed certificates are used. */
  readonly credentials: () => KubeletCredentials;
}

export function proxyEndpoints(options: ProxyOptions): { readonly connect: Endpoints['connect']; close(): void } {
  const { objects, credentials } = options;
  const transports = kubeletTransports(credentials);
  return {
    connect: {
      'pods/log': podLog({ objects, credentials, transports }),
      'pods/exec': podStream('exec', options),
      'pods/attach': podStream('attach', options),
      'pods/portforward': podStream('portforward', options),
      'pods/proxy': podProxy(objects),
      'services/proxy': serviceProxy(objects),
      'nodes/proxy': nodeProxy(objects, credentials),
    },
    close: () => transports.close(),
  };
}
