/** A device plugin for tests that does what a test says. */
import { createServer } from 'node:http2';
import { join } from 'node:path';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { openGrpc } from '../../../net/grpc/client.ts';
import { listen } from '../../../net/grpc/testing/fake-server.ts';
import {
  type ContainerAllocateResponseSchema,
  DevicePlugin,
  type DeviceSchema,
  type DevicePluginOptionsSchema,
  Registration,
  type RegisterRequestSchema,
} from '../proto/device_plugin_pb.ts';

export interface FakePluginOptions {
  /** The plugins' folder. */
  readonly directory: string;
  readonly resource: string;
  /** Name of its socket; `fake.sock` by default. */
  readonly endpoint?: string;
  readonly options?: MessageInitShape<typeof DevicePluginOptionsSchema>;
  /** What it says to do for these devices. */
  readonly answer?: (ids: readonly string[]) => MessageInitShape<typeof ContainerAllocateResponseSchema>;
  /** Calls of which it does what the test says. */
  readonly calls?: Partial<ServiceImpl<typeof DevicePlugin>>;
}

export interface FakePlugin {
  /** Ids of each call of Allocate, of PreStartContainer, and those that were offered by GetPreferredAllocation. */
  readonly allocated: string[][];
  readonly preStarted: string[][];
  readonly offered: string[][];
  /** Lists these devices from now on; ids alone are healthy. */
  list(...devices: (string | MessageInitShape<typeof DeviceSchema>)[]): void;
  register(): Promise<void>;
  /** Ends as kill -9 does. */
  stop(): Promise<void>;
}

export async function startFakePlugin({
  directory,
  resource,
  endpoint = 'fake.sock',
  options = {},
  answer = () => ({}),
  calls,
}: FakePluginOptions): Promise<FakePlugin> {
  const allocated: string[][] = [];
  const preStarted: string[][] = [];
  const offered: string[][] = [];
  let devices: MessageInitShape<typeof DeviceSchema>[] = [];
  let wake: (() => void)[] = [];
  const stopping = new AbortController();
  const changed = (): void => {
    const waiting = wake;
    wake = [];
    for (const ring of waiting) ring();
  };
  const handler = connectNodeAdapter({
    routes: (router) => {
      router.service(DevicePlugin, {
        getDevicePluginOptions: () => options,
        async *listAndWatch() {
          while (!stopping.signal.aborted) {
            yield { devices };
            await new Promise<void>((ring) => wake.push(ring));
          }
        },
        getPreferredAllocation({ containerRequests }) {
          offered.push(...containerRequests.map((request) => request.availableDeviceIDs));
          // The last ones, so that a test sees that it was heard.
          return {
            containerResponses: containerRequests.map((request) => ({
              deviceIDs: request.availableDeviceIDs.toSorted().toReversed().slice(0, request.allocationSize),
            })),
          };
        },
        allocate({ containerRequests }) {
          allocated.push(...containerRequests.map((request) => request.devicesIds));
          return { containerResponses: containerRequests.map((request) => answer(request.devicesIds)) };
        },
        preStartContainer({ devicesIds }) {
          preStarted.push(devicesIds);
          return {};
        },
        ...calls,
      });
    },
  });
  const server = await listen(createServer(handler), join(directory, endpoint));
  return {
    allocated,
    preStarted,
    offered,
    list(...given) {
      devices = given.map((device) => (typeof device === 'string' ? { ID: device, health: 'Healthy' } : device));
      changed();
    },
    register: () => registerPlugin(directory, { version: 'v1beta1', endpoint, resourceName: resource }),
    async stop() {
      stopping.abort();
      changed();
      await server.stop();
    },
  };
}

/** Registers as a plugin does; rejects with the kubelet's GrpcError. */
export async function registerPlugin(directory: string, request: MessageInitShape<typeof RegisterRequestSchema>): Promise<void> {
  const kubelet = openGrpc(join(directory, 'kubelet.sock'), 1 << 20);
  try {
    await kubelet.call(Registration.method.register, request, { timeoutMs: 20_000 });
  } finally {
    kubelet.close();
  }
}
