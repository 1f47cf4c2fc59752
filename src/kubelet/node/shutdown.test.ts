import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../util/log.ts';
import type { PodVerdict } from '../pods/pod-state.ts';
import { fastHost } from '../testing/fast-host.ts';
import { eventually } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import { shutdownSignal } from './logind.ts';
import { grouped, shutdownGroups, startShutdownManager } from './shutdown.ts';

const pod = (name: string, priority?: number) => aPod({ ...(priority !== undefined && { priority }) }, { name, uid: name });

describe('groups of a shutdown', () => {
  it.each([
    [{}, []],
    [
      { shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' },
      [
        [0, 20],
        [2_000_000_000, 10],
      ],
    ],
    [
      {
        shutdownGracePeriodByPodPriority: [
          { priority: 100, shutdownGracePeriodSeconds: 5 },
          { priority: 0, shutdownGracePeriodSeconds: 9 },
        ],
      },
      [
        [0, 9],
        [100, 5],
      ],
    ],
  ])('of %j', (config, expected) => {
    expect(shutdownGroups(config).map(({ priority, seconds }) => [priority, seconds])).toEqual(expected);
  });

  it('take each pod by its priority, and those below the first too', () => {
    const groups = [
      { priority: 10, seconds: 1 },
      { priority: 100, seconds: 1 },
    ];
    const sorted = grouped(groups, [pod('none'), pod('ten', 10), pod('many', 1000)]);
    expect(sorted.map(({ pods }) => pods.map((p) => p.metadata.name))).toEqual([['none', 'ten'], ['many']]);
  });
});

describe('a shutdown', () => {
  it('ends the lesser pods first, waits no longer than they may take, and then lets the machine go down', async () => {
    const steps: string[] = [];
    let tell: (down: boolean) => void = () => undefined;
    const manager = startShutdownManager({
      groups: shutdownGroups({ shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' }),
      source: {
        follow: (told) => (tell = told),
        release: () => steps.push('release'),
        close: () => steps.push('close'),
      },
      clock: fastHost(1000).clock,
      log: silentLogger,
      pods: () => [pod('critical', 2_000_000_000), pod('stuck')],
      end: (p, verdict: PodVerdict) => {
        steps.push(`${p.metadata.name} ${verdict.reason} ${verdict.graceSeconds ?? ''}`);
        return p.metadata.name === 'stuck' ? new Promise(() => undefined) : Promise.resolve();
      },
      changed: () => steps.push('changed'),
    });
    expect(manager.shuttingDown()).toBe(false);
    tell(true);
    tell(true);
    expect(manager.shuttingDown()).toBe(true);
    await eventually(() => steps.includes('release'));
    expect(steps).toEqual(['changed', 'stuck Terminated 20', 'critical Terminated 10', 'release']);
    tell(false);
    expect(manager.shuttingDown()).toBe(false);
    manager.close();
    expect(steps.at(-1)).toBe('close');
  });
});

describe('a line of busctl', () => {
  it.each([
    ['{"type":"signal","member":"PrepareForShutdown","payload":{"type":"b","data":[true]}}', true],
    ['{"type":"signal","member":"PrepareForShutdown","payload":{"type":"b","data":[false]}}', false],
    ['{"type":"signal","member":"PrepareForSleep","payload":{"type":"b","data":[true]}}', undefined],
    ['{"member":"PrepareForShutdown","payload":{"data":["x"]}}', undefined],
    ['{"member":"PrepareForShutdown"', undefined],
    ['null', undefined],
  ])('%s', (line, expected) => {
    expect(shutdownSignal(line)).toBe(expected);
  });
});
