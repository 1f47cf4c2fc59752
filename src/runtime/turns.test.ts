import { describe, expect, it } from 'vitest';
import type { Clock } from '../util/clock.ts';
import type { ContainerConfig, PodSandboxConfig, Runtime } from './runtime.ts';
import { inTurns } from './turns.ts';

/** A runtime whose calls end when the test says so, and a clock whose timers the test rings. */
function setup(startsTogether?: number) {
  const begun: string[] = [];
  const ends = new Map<string, { resolve: (value: string) => void; reject: (error: Error) => void }>();
  const call = (name: string): Promise<string> => {
    begun.push(name);
    return new Promise((resolve, reject) => ends.set(name, { resolve, reject }));
  };
  const inner = {
    startsTogether,
    runPodSandbox: ({ hostname }: PodSandboxConfig) => call(hostname),
    createContainer: (_: string, { logPath }: ContainerConfig) => call(logPath),
    startContainer: (id: string) => call(id).then(() => undefined),
    listContainers: () => Promise.resolve([]),
  } as unknown as Runtime;
  const timers = new Set<() => void>();
  const clock = {
    after: (_: number, callback: () => void) => {
      timers.add(callback);
      return { cancel: () => timers.delete(callback) };
    },
  } as unknown as Clock;
  const runtime = inTurns(inner, clock);
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 10; i += 1) await Promise.resolve();
  };
  return {
    runtime,
    begun,
    timers,
    sandbox: (hostname: string) => runtime.runPodSandbox({ hostname } as PodSandboxConfig),
    end: async (name: string) => {
      ends.get(name)?.resolve(name);
      await settle();
    },
    fail: async (name: string) => {
      ends.get(name)?.reject(new Error('no'));
      await settle();
    },
    settle,
  };
}

describe('a runtime that is asked to start a few at a time', () => {
  it('begins the next when one has ended or failed, containers before sandboxes', async () => {
    const { runtime, begun, sandbox, end, fail, settle } = setup(2);
    const all = [sandbox('a'), sandbox('b'), sandbox('c'), sandbox('d'), runtime.startContainer('x')];
    const outcomes = Promise.allSettled(all);
    await settle();
    expect(begun).toStrictEqual(['a', 'b']);
    await fail('a');
    expect(begun).toStrictEqual(['a', 'b', 'x']);
    await end('b');
    await end('x');
    expect(begun).toStrictEqual(['a', 'b', 'x', 'c', 'd']);
    await end('c');
    await end('d');
    expect((await outcomes).map(({ status }) => status)).toStrictEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled']);
  });

  it('lets the next begin when one takes long, and counts that one once', async () => {
    const { begun, sandbox, end, timers, settle } = setup(1);
    void sandbox('hangs');
    void sandbox('b');
    void sandbox('c');
    await settle();
    expect(begun).toStrictEqual(['hangs']);
    for (const ring of timers) ring();
    await settle();
    expect(begun).toStrictEqual(['hangs', 'b']);
    await end('hangs');
    expect(begun).toStrictEqual(['hangs', 'b']);
    await end('b');
    expect(begun).toStrictEqual(['hangs', 'b', 'c']);
  });

  it('holds up nobody when the runtime does not say how many', async () => {
    const { begun, sandbox, settle } = setup();
    for (let i = 0; i < 20; i += 1) void sandbox(String(i));
    await settle();
    expect(begun.length).toBe(20);
  });

  it('holds up nothing but starts, and forgets its timers', async () => {
    const { runtime, sandbox, end, timers } = setup(1);
    void sandbox('a');
    expect(await runtime.listContainers()).toStrictEqual([]);
    await end('a');
    expect(timers.size).toBe(0);
    expect(await Promise.race([sandbox('b'), Promise.resolve('waits')])).toBe('waits');
  });
});
