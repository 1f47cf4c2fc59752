/** Many streams at once, large ones, and clients that do not read. `npm run soak` does the same in large. */
import { beforeAll, describe, expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import {
  healthMs,
  idleConnections,
  manyExecs,
  residentMiB,
  slowReaders,
  startFlood,
  startStreamLoad,
  throughPort,
  withPortForward,
  type StreamLoad,
} from '../support/stream-load.ts';
import { until } from '../support/until.ts';

const missing = missingForNodes();
const it = testThatNeeds(missing);
/** More than sockets, queues and garbage of three streams, far less than what they were sent. */
const SLOW_MIB = 120;

describe('streams under load', () => {
  const node = sharedNode(['--runtime=process']);
  let load: StreamLoad | undefined;
  const loaded = (): StreamLoad => load ?? expect.fail('the pod is not there');
  beforeAll(async () => {
    if (missing === undefined) load = await startStreamLoad(node());
  });

  it('thirty commands at once get back what they send, and their exit codes', () => manyExecs(loaded(), 30, 256 * 1024));

  it('64 MB through a forwarded port come back as they were', () => withPortForward(loaded(), (port) => throughPort(port, 64)));

  it('clients that read nothing of a command, a log and a port cost bounded memory', async () => {
    await startFlood(node());
    const before = residentMiB(node());
    const most = await withPortForward(loaded(), async (port) => {
      const readers = slowReaders(loaded(), port);
      let highest = 0;
      const until3s = performance.now() + 3_000;
      await until('three seconds of flood', () => {
        highest = Math.max(highest, residentMiB(node()));
        return performance.now() > until3s;
      });
      for (const reader of readers) reader.stop();
      return highest;
    });
    expect(most - before).toBeLessThan(SLOW_MIB);
    expect(await healthMs(loaded())).toBeLessThan(5_000);
  });

  it('200 idle connections keep nobody from an answer', async () => {
    const idle = await idleConnections(loaded(), 200);
    expect(await healthMs(loaded())).toBeLessThan(5_000);
    idle.close();
  });
});
