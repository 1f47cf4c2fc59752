import { describe, expect, it } from 'vitest';
import { createTurns } from './turns.ts';

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** A clock that stands until it is moved. */
function standingClock() {
  let now = 0;
  const timers: { readonly at: number; readonly callback: () => void }[] = [];
  return {
    monotonic: () => now,
    after: (ms: number, callback: () => void) => {
      timers.push({ at: now + ms, callback });
      return { cancel: () => undefined };
    },
    move(ms: number) {
      now += ms;
      for (const timer of timers.splice(0)) {
        if (timer.at <= now) timer.callback();
        else timers.push(timer);
      }
    },
  };
}

describe('turns', () => {
  it('run work once, however often it is asked for', async () => {
    let runs = 0;
    const work = (): void => void (runs += 1);
    const turns = createTurns(standingClock());
    for (let i = 0; i < 5; i += 1) turns.ask(work);
    await turn();
    expect(runs).toBe(1);
    turns.ask(work);
    await turn();
    expect(runs).toBe(2);
  });

  it('let others run between the parts of a large round, and forget who has gone', async () => {
    const turns = createTurns(standingClock());
    const ran: number[] = [];
    const works = Array.from({ length: 60 }, (_none, i) => (): void => void ran.push(i));
    for (const work of works) turns.ask(work);
    await turn();
    expect(ran.length).toBeLessThan(60);
    for (const work of works.slice(59)) turns.forget(work);
    while (ran.length < 59) await turn();
    await turn();
    expect(ran).toEqual(Array.from({ length: 59 }, (_none, i) => i));
  });

  it('begin large rounds at a pace, and small ones at once', async () => {
    const clock = standingClock();
    const turns = createTurns(clock);
    const ran: string[] = [];
    const works = Array.from({ length: 60 }, () => (): void => void ran.push('one of many'));
    const askAll = (): void => {
      for (const work of works) turns.ask(work);
    };
    askAll();
    while (ran.length < 60) await turn();
    askAll();
    for (let i = 0; i < 10; i += 1) await turn();
    expect(ran).toHaveLength(60);
    clock.move(10);
    while (ran.length < 120) await turn();
    clock.move(1);
    turns.ask(() => void ran.push('one'));
    await turn();
    expect(ran.at(-1)).toBe('one');
  });
});
