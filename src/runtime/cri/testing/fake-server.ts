/** A CRI server for tests that does what a test says, on a unix socket: the faults that a real runtime does not show when it is asked to. */
import { createServer } from 'node:http2';
import type { ServiceImpl } from '@connectrpc/connect';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { listen, type FakeServer } from '../../../net/grpc/testing/fake-server.ts';
import { Events } from '../proto/containerd_events_pb.ts';
import { ImageService, RuntimeService } from '../proto/cri_pb.ts';

export { serveBytes, type FakeServer } from '../../../net/grpc/testing/fake-server.ts';

export interface FakeServices {
  readonly runtime?: Partial<ServiceImpl<typeof RuntimeService>>;
  readonly images?: Partial<ServiceImpl<typeof ImageService>>;
  readonly events?: Partial<ServiceImpl<typeof Events>>;
}

/** Serves these calls; others are not implemented. `version` answers as containerd does unless it is given. */
export function serveCri(socket: string, { runtime, images, events }: FakeServices): Promise<FakeServer> {
  const version = () => ({ version: '0.1.0', runtimeName: 'fake', runtimeVersion: '1', runtimeApiVersion: 'v1' });
  const handler = connectNodeAdapter({
    routes: (router) => {
      router.service(RuntimeService, { version, ...runtime });
      router.service(ImageService, { ...images });
      if (events) router.service(Events, { ...events });
    },
  });
  return listen(createServer(handler), socket);
}
