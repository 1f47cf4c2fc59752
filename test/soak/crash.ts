/**
 * Kills a server with SIGKILL again and again while it is written to and watched, and compares: nothing that was
 * acknowledged is lost, revisions never go back, and every watch goes on from its revision or is told that it cannot.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { resources } from '../../src/api/resources.ts';
import { StatusError } from '../../src/api/status.ts';
import type { KubeClient } from '../../src/client/kube-client.ts';
import { until } from '../support/until.ts';
import { createModel, type Model } from './model.ts';

export interface CrashOptions {
  readonly count: number;
  readonly client: KubeClient;
  /** Ends the server with SIGKILL; resolves when it is gone. */
  readonly kill: () => Promise<unknown>;
  /** Starts it again on the same data; resolves when it answers. */
  readonly start: () => Promise<unknown>;
  /** Chooses the moment of each kill: between 0 and 1. */
  readonly random?: () => number;
  readonly progress?: (line: string) => void;
  /** Stops before the next round. */
  readonly signal?: AbortSignal;
}

export interface CrashReport {
  /** Writes that were acknowledged. */
  readonly writes: number;
  /** Events that watches brought. */
  readonly events: number;
  /** Watches that went on from their revision, and those that were told 410. */
  readonly resumed: number;
  readonly relisted: number;
  /** What was not as it must be. */
  readonly wrong: readonly string[];
}

const NAMESPACE = 'default';
const WRITERS = 6;
const WATCHERS = 3;
/** Objects that each writer has. */
const OBJECTS = 8;
/** A server is killed after so many writes at most, a few milliseconds later. */
const MOST_WRITES = 150;
const LATER_MS = 10;
const SETTLE_MS = 60_000;
/** So much is enough to look at. */
const ENOUGH_WRONG = 20;
const LABELS = { soak: 'crash' };
const SELECTOR = 'soak=crash';

export async function runCrashes(options: CrashOptions): Promise<CrashReport> {
  const { count, client, kill, start, random = Math.random, progress = () => undefined } = options;
  const model = createModel();
  const wrong: string[] = [];
  const revisions = { highest: 0 };
  const ended = new AbortController();
  const watchers = Array.from({ length: WATCHERS }, (_, i) => watcher(client, `watch ${i}`, wrong, ended.signal));
  const watching = watchers.map((one) => one.run());
  for (let round = 1; round <= count; round += 1) {
    const load = { stopped: false };
    const writers = Array.from({ length: WRITERS }, (_, i) => write(client, i, model, revisions, load, wrong));
    const enough = model.writes() + 1 + random() * MOST_WRITES;
    await until('writes', () => model.writes() >= enough, SETTLE_MS);
    await pause(random() * LATER_MS);
    await kill();
    load.stopped = true;
    await Promise.all(writers);
    await start();
    const { stored, revision } = await list(client);
    wrong.push(...model.settle(stored).map((what) => `round ${round}: ${what}`));
    if (revision < revisions.highest)
      wrong.push(`round ${round}: the list is of revision ${revision}, an answer was of ${revisions.highest}`);
    revisions.highest = Math.max(revisions.highest, revision);
    for (const one of watchers) {
      const same = await until('a watch to see all', () => one.sees(stored), SETTLE_MS).catch(() => false);
      if (!same) wrong.push(`round ${round}: ${one.name} has ${describe(one.state())}, stored is ${describe(stored)}`);
    }
    if (round % 10 === 0) progress(`${round} of ${count}: ${model.writes()} writes, revision ${revision}, ${wrong.length} wrong`);
    if (wrong.length > ENOUGH_WRONG || options.signal?.aborted === true) break;
  }
  ended.abort();
  await Promise.all(watching);
  const sum = (of: (one: (typeof watchers)[number]) => number): number => watchers.reduce((all, one) => all + of(one), 0);
  return {
    writes: model.writes(),
    events: sum((one) => one.counts.events),
    resumed: sum((one) => one.counts.resumed),
    relisted: sum((one) => one.counts.relisted),
    wrong,
  };
}

/** Writes until the server is gone: creates, updates, patches and deletes, each with a number that rises. */
async function write(
  client: KubeClient,
  id: number,
  model: Model,
  revisions: { highest: number },
  load: { readonly stopped: boolean },
  wrong: string[],
): Promise<void> {
  for (let i = 0; !load.stopped; i += 1) {
    const name = `crash-${id}-${i % OBJECTS}`;
    const was = model.known(name);
    const next = (was ?? 0) + 1 + i;
    const object = { metadata: { name, labels: LABELS }, data: { n: String(next), filling: 'x'.repeat(500) } };
    const removes = was !== null && i % 7 === 6;
    model.begin(name, removes ? null : next);
    // An answer is to be newer than what was known when it was asked for.
    const before = revisions.highest;
    try {
      const answer = await (removes
        ? client.delete(resources.configmaps, name, { namespace: NAMESPACE })
        : was === null
          ? client.create(resources.configmaps, object, { namespace: NAMESPACE })
          : i % 2 === 0
            ? client.update(resources.configmaps, object, { namespace: NAMESPACE })
            : client.patch(resources.configmaps, name, 'merge', { data: { n: String(next) } }, { namespace: NAMESPACE }));
      model.acknowledged(name);
      const revision = Number(answer.metadata?.resourceVersion ?? 0);
      if (!removes && revision <= before) wrong.push(`${name} was written at revision ${revision}, after ${before}`);
      revisions.highest = Math.max(revisions.highest, revision);
    } catch (error) {
      if (error instanceof StatusError) {
        model.refused(name);
        wrong.push(`a write of ${name} was refused: ${error.message}`);
        return;
      }
      model.unknown(name);
      return;
    }
  }
}

async function list(client: KubeClient): Promise<{ stored: Map<string, number>; revision: number }> {
  const { items, metadata } = await client.list(resources.configmaps, { namespace: NAMESPACE, labelSelector: SELECTOR });
  const stored = new Map(items.map((item) => [item.metadata.name, Number(item.data?.['n'])]));
  return { stored, revision: Number(metadata.resourceVersion) };
}

/** Follows the objects by list and watch as clients do; its copy is to become what is stored. */
function watcher(client: KubeClient, name: string, wrong: string[], signal: AbortSignal) {
  let state = new Map<string, number>();
  let revision = 0;
  let begun = false;
  const counts = { events: 0, resumed: 0, relisted: 0 };

  async function relist(): Promise<void> {
    const got = await list(client);
    if (got.revision < revision) wrong.push(`${name}: a list of revision ${got.revision} came after ${revision}`);
    state = got.stored;
    revision = got.revision;
    begun = true;
  }

  async function follow(): Promise<void> {
    let first = true;
    const options = { namespace: NAMESPACE, labelSelector: SELECTOR, resourceVersion: String(revision), allowWatchBookmarks: true, signal };
    for await (const { type, object } of client.watch(resources.configmaps, options)) {
      const at = Number(object.metadata.resourceVersion);
      if (at <= revision && type !== 'BOOKMARK') wrong.push(`${name}: an event of revision ${at} came after ${revision}`);
      revision = Math.max(revision, at);
      if (first) counts.resumed += 1;
      first = false;
      if (type === 'BOOKMARK') continue;
      counts.events += 1;
      if (type === 'DELETED') state.delete(object.metadata.name);
      else state.set(object.metadata.name, Number(object.data?.['n']));
    }
  }

  return {
    name,
    counts,
    state: () => state,
    sees: (stored: ReadonlyMap<string, number>) => begun && describe(state) === describe(stored),
    run: async () => {
      while (!signal.aborted) {
        try {
          if (!begun) await relist();
          await follow();
        } catch (error) {
          if (error instanceof StatusError && error.status.code === 410) {
            counts.relisted += 1;
            begun = false;
          } else if (error instanceof StatusError && !signal.aborted) wrong.push(`${name}: ${error.message}`);
        }
        // The server may be away.
        if (!signal.aborted) await pause(20);
      }
    },
  };
}

function describe(state: ReadonlyMap<string, number>): string {
  return [...state]
    .map(([name, n]) => `${name}=${n}`)
    .toSorted()
    .join(' ');
}
