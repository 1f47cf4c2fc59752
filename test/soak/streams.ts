/** The soak of the kubelet's connections and streams: what the suite tries in small. */
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
import { startTestNode } from '../support/node.ts';
import type { SoakResult } from './result.ts';

const SLOW_MS = 30_000;
const SLOW_MIB = 200;
const ANSWER_MS = 1_000;

async function withLoad(run: (load: StreamLoad) => Promise<SoakResult>): Promise<SoakResult> {
  const node = await startTestNode(['--runtime=process']);
  try {
    return await run(await startStreamLoad(node));
  } finally {
    await node.destroy();
  }
}

/** So many connections that say nothing; the kubelet must answer others at once. */
export function soakConnections(count: number): Promise<SoakResult> {
  return withLoad(async (load) => {
    const before = residentMiB(load.node);
    const idle = await idleConnections(load, count);
    const memory = residentMiB(load.node) - before;
    const answers: number[] = [];
    for (let i = 0; i < 20; i++) answers.push(await healthMs(load));
    const slowest = Math.max(...answers);
    idle.close();
    const figures = {
      connections: count,
      'KiB a connection': Math.round((memory * 1024) / count),
      'slowest answer, ms': Math.round(slowest),
    };
    return { figures, wrong: slowest > ANSWER_MS ? [`an answer took ${slowest.toFixed(0)} ms`] : [] };
  });
}

/** So many commands at once, three times; each with 1 MiB both ways and its exit code. */
export function soakExecs(count: number): Promise<SoakResult> {
  return withLoad(async (load) => {
    const seconds: number[] = [];
    for (let round = 0; round < 3; round++) {
      const from = performance.now();
      await manyExecs(load, count, 2 ** 20);
      seconds.push((performance.now() - from) / 1_000);
    }
    return {
      figures: { commands: count, 'slowest round, s': Math.round(Math.max(...seconds)), MiB: Math.round(residentMiB(load.node)) },
      wrong: [],
    };
  });
}

/** So many MiB there and back through one forwarded port; then clients that read nothing. */
export function soakPortForward(mebibytes: number): Promise<SoakResult> {
  return withLoad(async (load) => {
    await startFlood(load.node);
    return withPortForward(load, async (port) => {
      const from = performance.now();
      await throughPort(port, mebibytes);
      const seconds = (performance.now() - from) / 1_000;
      const before = residentMiB(load.node);
      const readers = slowReaders(load, port);
      let highest = before;
      for (const end = performance.now() + SLOW_MS; performance.now() < end;) {
        highest = Math.max(highest, residentMiB(load.node));
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      for (const reader of readers) reader.stop();
      const more = Math.round(highest - before);
      return {
        figures: { MiB: mebibytes, 'MiB/s there and back': Math.round(mebibytes / seconds), 'MiB for clients that read nothing': more },
        wrong: more > SLOW_MIB ? [`clients that read nothing cost ${more} MiB`] : [],
      };
    });
  });
}
