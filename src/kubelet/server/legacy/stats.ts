/** `/stats/…` of kubelets before 1.21: cgroups in cAdvisor's form (kubernetes 1.20 `pkg/kubelet/server/stats/handler.go`). */
import { posix } from 'node:path';
import { BodyTooLargeError, readBody } from '../../../net/body.ts';
import { sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Measured, MeasuredPodStats, Snapshot } from '../../stats/collector.ts';
import type { Disks } from '../../stats/filesystems.ts';
import { goJson } from '../go-json.ts';
import { podOf } from '../lookup.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import { containerInfo, type CommonExtras, type ContainerInfo } from './container-info.ts';
import { parseStatsRequest, type StatsRequest } from './stats-request.ts';

/** A StatsRequest is one small object. */
const MAX_BODY = 64 * 1024;
const NOT_MEASURED = 'nothing on this node measures this';

/** The cgroup `/`. */
export const rootStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    const { samples } = await statsRequest(request);
    const [snapshot, disks] = await measuredOf(request);
    const { root, groups, rootNetwork } = snapshot;
    if (root === undefined) throw new Error('unknown container "/"');
    return containerInfo(root, { samples, subcontainers: below('/', groups), network: rootNetwork, disks });
  });

/** The cgroup that the body names, and those below it when it asks for them: by path. */
export const containerStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    const asked = await statsRequest(request);
    const name = posix.resolve('/', asked.containerName.replace(/^\/+/, ''));
    const all = everyInfo(...(await measuredOf(request)), asked.samples);
    const wanted = [...all].filter(([path]) => path === name || (asked.subcontainers && (name === '/' || path.startsWith(`${name}/`))));
    if (wanted.length === 0) throw new Error(`unknown container ${JSON.stringify(name)}`);
    return Object.fromEntries(wanted);
  });

/** A pod's container; the namespace is `default` where the path has none. */
export const podContainerStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    const { exchange, context, params } = request;
    const { samples } = await statsRequest(request);
    const named = { namespace: 'default', ...params };
    const pod = podOf(context.view, named);
    if (pod === undefined || (params['uid'] !== undefined && params['uid'] !== pod.pod.metadata.uid)) {
      sendText(exchange, 404, 'no matching container');
      return undefined;
    }
    const [{ pods }, disks] = await measuredOf(request);
    const stats = pods.find(({ targets }) => targets.group.podUid === pod.pod.metadata.uid);
    const measured = stats?.containers.find(({ target }) => target.container?.metadata.name === params['container']);
    if (stats === undefined || measured === undefined) {
      sendText(exchange, 404, 'no matching container');
      return undefined;
    }
    return infoOfContainer(measured, stats, { samples, disks });
  });

async function answer({ exchange }: KubeletRequest, make: () => Promise<unknown>): Promise<void> {
  try {
    const value = await make();
    if (value !== undefined) sendText(exchange, 200, goJson(value, 1), { 'Content-Type': 'application/json' });
  } catch (error) {
    sendText(exchange, 500, `Internal Error: ${errorText(error)}`);
  }
}

async function measuredOf({ context }: KubeletRequest): Promise<[Snapshot, Disks | undefined]> {
  const { snapshot, disks } = context.measurements;
  if (snapshot === undefined) throw new Error(NOT_MEASURED);
  return Promise.all([snapshot(), disks?.()]);
}

/** What the body asks for. */
async function statsRequest({ exchange }: KubeletRequest): Promise<StatsRequest> {
  try {
    return parseStatsRequest((await readBody(exchange, MAX_BODY)).toString());
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw new Error(error.message, { cause: error });
    throw error;
  }
}

/** Everything that is measured, by path. */
function everyInfo({ root, groups, pods, rootNetwork }: Snapshot, disks: Disks | undefined, samples: number): Map<string, ContainerInfo> {
  const podGroups = pods.flatMap(({ group }) => group ?? []);
  const containers = pods.flatMap(({ containers: own, sandbox }) => [...own, ...(sandbox ? [sandbox] : [])]);
  const all = [...groups, ...podGroups, ...containers];
  const common = { samples, disks };
  const infos = new Map<string, ContainerInfo>();
  if (root) infos.set('/', containerInfo(root, { ...common, subcontainers: below('/', all), network: rootNetwork }));
  for (const group of [...groups, ...podGroups])
    infos.set(group.target.path, containerInfo(group, { ...common, subcontainers: below(group.target.path, all) }));
  for (const pod of pods)
    for (const one of [...(pod.sandbox ? [pod.sandbox] : []), ...pod.containers])
      infos.set(one.target.path, infoOfContainer(one, pod, common));
  return infos;
}

function infoOfContainer(measured: Measured, { targets, network }: MeasuredPodStats, common: CommonExtras): ContainerInfo {
  const { container, kind } = measured.target;
  const id = posix.basename(measured.target.path);
  return containerInfo(measured, {
    ...common,
    aliases: [id],
    ...(container && { labels: container.labels, image: container.image }),
    // A pod's network is its sandbox's, and told once.
    ...(kind === 'sandbox' && { labels: targets.sandbox.labels, ...(network && { network }) }),
  });
}

/** The next level below a path. */
function below(path: string, all: readonly Measured[]): string[] {
  const prefix = path === '/' ? '/' : `${path}/`;
  return all.map(({ target }) => target.path).filter((p) => p.startsWith(prefix) && !p.slice(prefix.length).includes('/'));
}
