/** Helpers of this folder's tests. */
import type { Clock } from '../util/clock.ts';
import type { ResourceAttributes, UserInfo } from './types.ts';

/** A clock that stands still until a test moves it; sleeping moves it too, and `slept` lists how long. */
export function manualClock(start = Date.parse('2026-11-21T10:00:00Z')): Clock & { advance(ms: number): void; readonly slept: number[] } {
  let now = start;
  const slept: number[] = [];
  const never = { cancel: () => undefined };
  return {
    now: () => now,
    monotonic: () => now,
    after: () => never,
    every: () => never,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
    advance: (ms) => {
      now += ms;
    },
    slept,
  };
}

export const testUser = (name: string, ...groups: string[]): UserInfo => ({ name, groups });

/** A question about a resource; what is not named is empty. */
export function ask(fields: Partial<Omit<ResourceAttributes, 'kind'>>): ResourceAttributes {
  return {
    kind: 'resource',
    user: testUser('alice'),
    verb: 'get',
    namespace: '',
    group: '',
    version: 'v1',
    resource: 'pods',
    subresource: '',
    name: '',
    ...fields,
  };
}
