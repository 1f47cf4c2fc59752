/** Where pods come from: the API server, a folder, a URL (kubernetes `pkg/kubelet/config/config.go`). */
import { parseDuration } from '../../api/duration.ts';
import type { KubeletOptions } from '../options.ts';
import type { PodManager } from '../pods/pod-manager.ts';
import type { NodePod } from '../pods/pod.ts';
import { startApiSource, type ApiSourceHandlers, type PodSource } from './api-source.ts';
import { startFileSource } from './file-source.ts';
import { startUrlSource } from './url-source.ts';

export interface PodSourcesHandlers extends ApiSourceHandlers {
  /** All static pods of all places together. */
  readonly fixed: (pods: readonly NodePod[]) => void;
}

/** Starts the sources that the configuration names; synced when each has said once what it wants. */
export function startPodSources(options: KubeletOptions, manager: PodManager, handlers: PodSourcesHandlers): PodSource {
  const { config, client, host, log, nodeName } = options;
  const fixed = staticPods(manager, handlers.fixed);
  const sources: PodSource[] = [];
  if (client) sources.push(startApiSource(client, nodeName, log.scope('api'), handlers));
  if (config.staticPodPath)
    sources.push(
      startFileSource({
        host,
        log: log.scope('file'),
        path: config.staticPodPath,
        nodeName,
        everyMs: parseDuration(config.fileCheckFrequency ?? '20s'),
        changed: fixed('file'),
      }),
    );
  if (config.staticPodURL)
    sources.push(
      startUrlSource({
        host,
        log: log.scope('http'),
        url: config.staticPodURL,
        headers: config.staticPodURLHeader ?? {},
        nodeName,
        everyMs: parseDuration(config.httpCheckFrequency ?? '20s'),
        changed: fixed('http'),
      }),
    );
  return {
    synced: Promise.all(sources.map((source) => source.synced)).then(() => undefined),
    close() {
      for (const source of sources) source.close();
    },
  };
}

/** Static pods of several places: each place says its whole set, and mirrors follow what all of them want together. */
function staticPods(manager: PodManager, wanted: (pods: readonly NodePod[]) => void) {
  const sets = new Map<string, readonly NodePod[]>();
  return (source: 'file' | 'http') =>
    (pods: readonly NodePod[]): void => {
      const before = new Set((sets.get(source) ?? []).map((pod) => pod.metadata.uid));
      const now = new Set(pods.map((pod) => pod.metadata.uid));
      for (const uid of before) if (!now.has(uid)) manager.remove(uid);
      for (const pod of pods) if (!before.has(pod.metadata.uid)) manager.upsert(source, pod);
      sets.set(source, pods);
      wanted([...sets.values()].flat());
    };
}
