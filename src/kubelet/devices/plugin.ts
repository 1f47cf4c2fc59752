/**
 * The line to one device plugin, and the messages of the checkpoint (kubernetes `pkg/kubelet/cm/devicemanager/plugin/v1beta1/client.go`,
 * `endpoint.go`). Loaded with the first plugin: the library of messages is not needed before.
 */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { openGrpc, type GrpcClient } from '../../net/grpc/client.ts';
import { GrpcError, rpcText } from '../../net/grpc/codes.ts';
import { unary } from '../../net/grpc/methods.ts';
import type { GrpcAnswer } from '../../net/grpc/server.ts';
import type { Clock } from '../../util/clock.ts';
import {
  type ContainerAllocateResponse,
  ContainerAllocateResponseSchema,
  type Device,
  DevicePlugin,
  type DevicePluginOptions,
  Registration,
} from './proto/device_plugin_pb.ts';
import type { RegistrationRequest } from './registration.ts';

export interface Plugin {
  readonly options: DevicePluginOptions;
  /** Gives every list of devices; settles when the plugin ends the stream or goes away. Rejects with why. */
  watch(listener: (devices: readonly Device[]) => void): Promise<void>;
  /** Which of the available devices it would take; empty when it does not care. */
  prefer(available: readonly string[], mustInclude: readonly string[], size: number): Promise<readonly string[]>;
  allocate(ids: readonly string[]): Promise<ContainerAllocateResponse>;
  preStart(ids: readonly string[]): Promise<void>;
  close(): void;
}

/** As Go's client: one message is 4 MiB at most. */
const MAX_MESSAGE_BYTES = 4 << 20;
/** A plugin registers when its socket is about to be served: it may still come. */
const DIAL_MS = 10_000;
const DIAL_RETRY_MS = 100;
/** As the original's for PreStartContainer; for the others the original waits for ever. */
const ANSWER_MS = 30_000;
/** Allocating may prepare the device. */
const ALLOCATE_MS = 60_000;

/** Connects and asks for the options. Rejects with the texts of the original. */
export async function connectPlugin(socket: string, clock: Clock, signal: AbortSignal): Promise<Plugin> {
  const client = openGrpc(socket, MAX_MESSAGE_BYTES);
  const ended = new AbortController();
  try {
    await dial(client, clock, signal);
    const options = await client
      .call(DevicePlugin.method.getDevicePluginOptions, {}, { timeoutMs: ANSWER_MS, signal })
      .catch((error: unknown) => {
        throw new Error(`failed to get device plugin options: ${rpcText(error)}`, { cause: error });
      });
    return {
      options,
      watch: (listener) => client.follow(DevicePlugin.method.listAndWatch, {}, ended.signal, ({ devices }) => listener(devices)),
      async prefer(available, mustInclude, size) {
        const request = { availableDeviceIDs: [...available], mustIncludeDeviceIDs: [...mustInclude], allocationSize: size };
        const { containerResponses } = await client.call(
          DevicePlugin.method.getPreferredAllocation,
          { containerRequests: [request] },
          { timeoutMs: ANSWER_MS },
        );
        return containerResponses[0]?.deviceIDs ?? [];
      },
      async allocate(ids) {
        const { containerResponses } = await client.call(
          DevicePlugin.method.allocate,
          { containerRequests: [{ devicesIds: [...ids] }] },
          { timeoutMs: ALLOCATE_MS },
        );
        const [response] = containerResponses;
        if (response === undefined) throw new Error('no containers return in allocation response ');
        return response;
      },
      async preStart(ids) {
        await client.call(DevicePlugin.method.preStartContainer, { devicesIds: [...ids] }, { timeoutMs: ANSWER_MS });
      },
      close() {
        ended.abort();
        client.close();
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function dial(client: GrpcClient, clock: Clock, signal: AbortSignal): Promise<void> {
  const until = clock.monotonic() + DIAL_MS;
  for (;;) {
    try {
      return await client.connect();
    } catch (error) {
      if (signal.aborted) throw new GrpcError('canceled', 'context canceled', { cause: error });
      if (clock.monotonic() >= until) throw new Error('failed to dial device plugin: context deadline exceeded', { cause: error });
      await clock.sleep(DIAL_RETRY_MS, signal);
    }
  }
}

/** The server's side of `Register`. */
export const registerMethod = (handle: (request: RegistrationRequest, signal: AbortSignal) => Promise<void>): GrpcAnswer =>
  unary(Registration.method.register, async (request, signal) => {
    await handle(request, signal);
    return {};
  });

export const encodeAnswer = (answer: ContainerAllocateResponse): Uint8Array => toBinary(ContainerAllocateResponseSchema, answer);
/** Throws when the bytes are no such message. */
export const decodeAnswer = (bytes: Uint8Array): ContainerAllocateResponse => fromBinary(ContainerAllocateResponseSchema, bytes);
