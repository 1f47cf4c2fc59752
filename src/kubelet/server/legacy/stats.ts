/** `/stats/…` of kubelets before 1.21: cgroups in cAdvisor's form (kubernetes 1.20 `pkg/kubelet/server/stats/handler.go`). */
import { posix } from 'node:path';
import { BodyTooLargeError, readBody } from '../../../net/body.ts';
import { sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Measured, MeasuredPodStats, Snapshot } from '../../stats/collector.ts';
import { goJson } from '../go-json.ts';
import { podOf } from '../lookup.ts';
import type { Handler, KubeletRequest } from '../request.ts';
import { containerInfo, type ContainerInfo } from './container-info.ts';

/** A StatsRequest is one small object. */
const MAX_BODY = 64 * 1024;
const NOT_MEASURED = 'nothing on this node measures this';

interface StatsRequest {
  readonly containerName: string;
  readonly subcontainers: boolean;
}

/** The cgroup `/`. */
export const rootStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    await statsRequest(request);
    const { root, groups, rootNetwork } = await snapshotOf(request);
    if (root === undefined) throw new Error('unknown container "/"');
    return containerInfo(root, { subcontainers: below('/', groups), network: rootNetwork });
  });

/** The cgroup that the body names, and those below it when it asks for them: by path. */
export const containerStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    const asked = await statsRequest(request);
    const name = posix.join('/', asked.containerName);
    const all = everyInfo(await snapshotOf(request));
    const wanted = [...all].filter(([path]) => path === name || (asked.subcontainers && (name === '/' || path.startsWith(`${name}/`))));
    if (wanted.length === 0) throw new Error(`unknown container ${JSON.stringify(name)}`);
    return Object.fromEntries(wanted);
  });

/** A pod's container; the namespace is `default` where the path has none. */
export const podContainerStatsEndpoint: Handler = (request) =>
  answer(request, async () => {
    const { exchange, context, params } = request;
    await statsRequest(request);
    const named = { namespace: 'default', ...params };
    const pod = podOf(context.view, named);
    if (pod === undefined || (params['uid'] !== undefined && params['uid'] !== pod.pod.metadata.uid)) {
      sendText(exchange, 404, 'no matching container');
      return undefined;
    }
    const { pods } = await snapshotOf(request);
    const stats = pods.find(({ targets }) => targets.group.podUid === pod.pod.metadata.uid);
    const measured = stats?.containers.find(({ target }) => target.container?.metadata.name === params['container']);
    if (stats === undefined || measured === undefined) {
      sendText(exchange, 404, 'no matching container');
      return undefined;
    }
    return infoOfContainer(measured, stats);
  });

async function answer({ exchange }: KubeletRequest, make: () => Promise<unknown>): Promise<void> {
  try {
    const value = await make();
    if (value !== undefined) sendText(exchange, 200, goJson(value, 1), { 'Content-Type': 'application/json' });
  } catch (error) {
    sendText(exchange, 500, `Internal Error: ${errorText(error)}`);
  }
}

async function snapshotOf({ context }: KubeletRequest): Promise<Snapshot> {
  const { snapshot } = context.measurements;
  if (snapshot === undefined) throw new Error(NOT_MEASURED);
  return snapshot();
}

/** The body, all of it optional. `num_stats`, `start` and `end` choose among samples: there is one. */
async function statsRequest({ exchange }: KubeletRequest): Promise<StatsRequest> {
  let text: string;
  try {
    text = (await readBody(exchange, MAX_BODY)).toString();
  } catch (error) {
    if (error instanceof BodyTooLargeError) throw new Error(error.message, { cause: error });
    throw error;
  }
  const body: unknown = text.trim() === '' ? {} : JSON.parse(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Error('json: cannot unmarshal into a StatsRequest');
  const { containerName = '', subcontainers = false } = body as { containerName?: unknown; subcontainers?: unknown };
  if (typeof containerName !== 'string') throw new Error('json: cannot unmarshal StatsRequest.containerName into a string');
  if (typeof subcontainers !== 'boolean') throw new Error('json: cannot unmarshal StatsRequest.subcontainers into a bool');
  return { containerName, subcontainers };
}

/** Everything that is measured, by path. */
function everyInfo({ root, groups, pods, rootNetwork }: Snapshot): Map<string, ContainerInfo> {
  const podGroups = pods.flatMap(({ group }) => group ?? []);
  const containers = pods.flatMap(({ containers: own, sandbox }) => [...own, ...(sandbox ? [sandbox] : [])]);
  const all = [...groups, ...podGroups, ...containers];
  const infos = new Map<string, ContainerInfo>();
  if (root) infos.set('/', containerInfo(root, { subcontainers: below('/', all), network: rootNetwork }));
  for (const group of groups) infos.set(group.target.path, containerInfo(group, { subcontainers: below(group.target.path, all) }));
  for (const pod of pods) {
    if (pod.group) infos.set(pod.group.target.path, containerInfo(pod.group, { subcontainers: below(pod.group.target.path, all) }));
    if (pod.sandbox) infos.set(pod.sandbox.target.path, infoOfContainer(pod.sandbox, pod));
    for (const one of pod.containers) infos.set(one.target.path, infoOfContainer(one, pod));
  }
  return infos;
}

function infoOfContainer(measured: Measured, { targets, network }: MeasuredPodStats): ContainerInfo {
  const { container, kind } = measured.target;
  const id = posix.basename(measured.target.path);
  return containerInfo(measured, {
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
