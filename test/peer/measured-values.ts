/** Two accounts of the same measurements, side by side. */

export interface Moment {
  readonly at: number;
  readonly value: number;
}
/** By series, in the order of time. */
export type Moments = Map<string, readonly Moment[]>;

export interface Comparison {
  readonly series: number;
  readonly same: number;
  readonly between: number;
  /** Lines by kind: `missing`, `more`, or a family whose values are apart. */
  readonly wrong: ReadonlyMap<string, readonly string[]>;
}

/** A value may lie that far outside of those of ours around it: as a share, and in its own unit. */
const SHARE = 0.05;
const SLACK: readonly (readonly [name: RegExp, amount: number])[] = [
  [/NanoSeconds/, 2e7],
  [/NanoCores/, 2e7],
  [/_bytes|memory_|_cache|_rss|Bytes/, 256 * 1024],
  [/_seconds/, 0.02],
  [/./, 8],
];
/** What means something else here, as docs/METRICS.md says; and the machine's rate of CPU, over other seconds. */
const APART =
  /^container_(tasks_state|cpu_load|oom_events|pressure|fs_.*\{container="",device=.*id="\/"|threads(_max)?\{container="",id="\/")|\.psi\.|^summary\.node\.cpu\.usageNanoCores/;
/** Bridges of nodes that come and go on this machine; pods' ends of nodelet's own, which are passed over here as `veth…` are by both. */
const OWN_INTERFACES = /(interface="|interfaces\[)(nl[0-9a-f]{12}|nodelet|ntctrd)/;
/** Of the whole machine, which does other things too: over another time, these are others. */
const BUSY = /^(container_file_descriptors\{container="",id="\/"|summary\.node\.rlimit)/;
const BUSY_SHARE = 0.5;
/** Of the machine at one moment of asking, and what is of another moment by its nature. */
const OF_NOW = /^(container_last_seen|cadvisor_version_info|container_scrape_error|machine_scrape_error|resource_scrape_error)/;

/** Every value of theirs against ours of the moments around it; every series against those of the other side. */
export function compare(ours: Moments, theirs: Moments, steady: (series: string) => boolean): Comparison {
  const wrong = new Map<string, string[]>();
  const note = (kind: string, line: string): void => void wrong.set(kind, [...(wrong.get(kind) ?? []), line]);
  const compared = (name: string): boolean => ![APART, OWN_INTERFACES, OF_NOW].some((pattern) => pattern.test(name)) && steady(name);
  let [series, same, between] = [0, 0, 0];
  for (const [name, moments] of theirs) {
    if (!compared(name)) continue;
    series += 1;
    const mine = ours.get(name);
    if (mine === undefined) {
      note('missing', name);
      continue;
    }
    for (const { at, value } of moments) {
      const values = around(mine, at);
      const slack = (SLACK.find(([pattern]) => pattern.test(name))?.[1] ?? 0) + (BUSY.test(name) ? BUSY_SHARE : SHARE) * Math.abs(value);
      if (values.includes(value)) same += 1;
      else if (value >= Math.min(...values) - slack && value <= Math.max(...values) + slack) between += 1;
      else note(/^[^{[]+/.exec(name)?.[0] ?? name, `${name} ${value}, ours ${values.join(' … ')}`);
    }
  }
  for (const name of ours.keys()) if (!theirs.has(name) && compared(name)) note('more', name);
  return { series, same, between, wrong };
}

function around(moments: readonly Moment[], at: number): number[] {
  const after = moments.findIndex((moment) => moment.at >= at);
  const near = after < 0 ? moments.slice(-1) : moments.slice(Math.max(0, after - 1), after + 1);
  return near.map(({ value }) => value);
}

/** The first lines of each kind. */
export function differences({ wrong }: Comparison, shown: number): string {
  return [...wrong]
    .map(
      ([kind, lines]) =>
        `${kind}: ${lines.length}\n${lines
          .slice(0, shown)
          .map((line) => `  ${line}\n`)
          .join('')}`,
    )
    .join('');
}
