/** A real Prometheus that scrapes one kubelet as clusters usually do: by bearer token, the certificate checked. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from './free-port.ts';
import { startProgram } from './program.ts';
import { until } from './until.ts';

export interface PrometheusOptions {
  /** Where its files go. */
  readonly directory: string;
  /** `127.0.0.1:10250`. */
  readonly target: string;
  readonly caFile: string;
  readonly token: string;
  readonly intervalSeconds: number;
  /** More flags: `--enable-feature=native-histograms` makes it ask for protobuf. */
  readonly flags?: readonly string[];
}

export interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
}

export interface Prometheus {
  /** The value of each series of an instant query, by its labels in JSON. */
  query(expression: string): Promise<Map<string, number>>;
  targets(): Promise<readonly Target[]>;
  /** What it has logged. */
  log(): string;
  stop(): Promise<void>;
}

/** Jobs and their paths, as the usual scrape configurations have them. */
export const JOBS: Readonly<Record<string, string>> = {
  kubelet: '/metrics',
  cadvisor: '/metrics/cadvisor',
  probes: '/metrics/probes',
  resource: '/metrics/resource',
  slis: '/metrics/slis',
};

/** Resolves when it is ready. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const { directory, intervalSeconds } = options;
  mkdirSync(directory, { recursive: true });
  const [port = 0] = await freePorts(1);
  const config = join(directory, 'prometheus.yml');
  writeFileSync(join(directory, 'token'), options.token);
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: `${intervalSeconds}s`, scrape_timeout: `${intervalSeconds}s` },
      scrape_configs: Object.entries(JOBS).map(([name, path]) => ({
        job_name: name,
        scheme: 'https',
        metrics_path: path,
        honor_labels: true,
        authorization: { credentials_file: join(directory, 'token') },
        tls_config: { ca_file: options.caFile },
        static_configs: [{ targets: [options.target] }],
      })),
    }),
  );
  const program = startProgram('prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...(options.flags ?? []),
  ]);
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { readonly data: T }).data;
  };
  const stop = async (): Promise<void> => {
    program.kill('SIGTERM');
    await program.ended;
  };
  try {
    await until('Prometheus', async () => (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined))?.ok === true, 60_000);
  } catch (error) {
    program.kill('SIGKILL');
    throw new Error(`Prometheus did not start: ${program.stderr()}`, { cause: error });
  }
  return {
    query: async (expression) => {
      type Series = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };
      const { result } = await ask<{ readonly result: readonly Series[] }>(`/api/v1/query?query=${encodeURIComponent(expression)}`);
      return new Map(result.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
    },
    targets: async () => (await ask<{ readonly activeTargets: readonly Target[] }>('/api/v1/targets')).activeTargets,
    log: () => program.stderr(),
    stop,
  };
}
