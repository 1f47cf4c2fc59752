/** Clients that read a kubelet's metrics, asking and reading as they do: metrics-server, the kubeletstats receiver of OpenTelemetry. */
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Summary } from '../../src/kubelet/stats/summary-types.ts';
import type { TestNode } from './node.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** A request as Go's client makes it: no `Accept`, gzip undone; the certificate is checked against the cluster's authority. */
function goGet(node: TestNode, token: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: node.kubeletPort,
        path,
        ca: readFileSync(join(node.dataDir, 'pki', 'ca.crt')),
        headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip', 'user-agent': 'Go-http-client/1.1' },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(parts);
          const body = response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body: body.toString() });
        });
      },
    );
    asked.on('error', reject).end();
  });
}

export interface MetricPoint {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly startedAt: number;
}

/** What metrics-server keeps of one scrape: the node, and containers by `namespace/pod/container`; none of a pod of which one lacks something. */
export interface MetricsBatch {
  readonly node: MetricPoint | undefined;
  readonly containers: ReadonlyMap<string, MetricPoint>;
}

const FIELDS: Readonly<Record<string, keyof MetricPoint>> = {
  node_cpu_usage_seconds_total: 'cpuSeconds',
  node_memory_working_set_bytes: 'memoryBytes',
  container_cpu_usage_seconds_total: 'cpuSeconds',
  container_memory_working_set_bytes: 'memoryBytes',
  container_start_time_seconds: 'startedAt',
};

/** metrics-server's scrape (`pkg/scraper/client/resource`): it looks for the bytes of three labels, and knows no escapes. */
export async function metricsServerScrape(node: TestNode, token: string): Promise<MetricsBatch> {
  const { status, type, body } = await goGet(node, token, '/metrics/resource');
  if (status !== 200) throw new Error(`status ${status}: ${body}`);
  if (!type.startsWith('text/plain')) throw new Error(`not a text: ${type}`);
  const points = new Map<string, Partial<MetricPoint>>();
  for (const line of body.split('\n')) {
    const [, name = '', labels = '', value = '', time] = /^([a-z_]+)(\{[^}]*\})? (\S+)(?: (\d+))?$/.exec(line) ?? [];
    const field = FIELDS[name];
    if (field === undefined) continue;
    const of = (label: string): string => {
      const from = labels.indexOf(`${label}="`);
      if (from < 0) throw new Error(`no ${label} in ${line}`);
      const start = from + label.length + 2;
      return labels.slice(start, labels.indexOf('"', start));
    };
    const key = name.startsWith('node_') ? '' : `${of('namespace')}/${of('pod')}/${of('container')}`;
    const known = points.get(key) ?? {};
    points.set(key, { ...known, [field]: Number(value), ...(time !== undefined && { at: Number(time) }) });
  }
  const whole = (point: Partial<MetricPoint> | undefined): MetricPoint | undefined => {
    const { at = 0, cpuSeconds = 0, memoryBytes = 0, startedAt = 0 } = point ?? {};
    return at > 0 && cpuSeconds > 0 && memoryBytes > 0 ? { at, cpuSeconds, memoryBytes, startedAt } : undefined;
  };
  const containers = new Map([...points].filter(([key]) => key !== '').map(([key, point]) => [key, whole(point)]));
  const dropped = new Set([...containers].filter(([, point]) => point === undefined).map(([key]) => podOfKey(key)));
  return {
    node: whole(points.get('')),
    containers: new Map(
      [...containers].flatMap(([key, point]) => (point === undefined || dropped.has(podOfKey(key)) ? [] : [[key, point]])),
    ),
  };
}

const podOfKey = (key: string): string => key.slice(0, key.lastIndexOf('/'));

/** Cores over the time between two points (`pkg/storage`); undefined where the later one is not newer, or of another run. */
export function coresBetween(before: MetricPoint | undefined, after: MetricPoint | undefined): number | undefined {
  if (before === undefined || after === undefined || after.at <= before.at || after.cpuSeconds < before.cpuSeconds) return undefined;
  if (after.startedAt * 1000 >= before.at) return undefined;
  return (after.cpuSeconds - before.cpuSeconds) / ((after.at - before.at) / 1000);
}

export interface KubeletStats {
  readonly summary: Summary;
  /** Uids of the pods that `/pods` lists. */
  readonly pods: ReadonlySet<string>;
}

/** The requests of OpenTelemetry's kubeletstats: `/stats/summary`, and `/pods` for labels of volumes and containers. */
export async function kubeletStatsScrape(node: TestNode, token: string): Promise<KubeletStats> {
  const json = async (path: string): Promise<unknown> => {
    const { status, body } = await goGet(node, token, path);
    if (status !== 200) throw new Error(`${path}: status ${status}: ${body}`);
    return JSON.parse(body) as unknown;
  };
  const summary = (await json('/stats/summary')) as Summary;
  const { items } = (await json('/pods')) as { readonly items: readonly { readonly metadata: { readonly uid: string } }[] };
  return { summary, pods: new Set(items.map(({ metadata }) => metadata.uid)) };
}
