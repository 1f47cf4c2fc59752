import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Summary } from '../../kubelet/stats/summary-types.ts';
import { points } from '../../metrics/grouped.ts';
import { parseText } from '../../metrics/parse-text.ts';
import { filtered, pretty, quantileOf } from './pretty.ts';
import { bytesText, coresText, secondsText } from './units.ts';
import { usageTable } from './usage-table.ts';
import { sorted, usageRows } from './usage.ts';

const time = '2026-01-01T00:00:00Z';
const use = (nanoCores: number, workingSetBytes: number) => ({
  cpu: { time, usageNanoCores: nanoCores },
  memory: { time, workingSetBytes },
});
const pod = (name: string, nanoCores: number, bytes: number): Summary['pods'][number] => ({
  podRef: { name, namespace: 'web', uid: name },
  startTime: time,
  containers: [
    { name: 'main', startTime: time, ...use(nanoCores, bytes), rootfs: { time, usedBytes: 1024 }, logs: { time, usedBytes: 512 } },
  ],
  ...use(nanoCores, bytes),
});
const SUMMARY: Summary = {
  node: { nodeName: 'n1', startTime: time, ...use(1.5e9, 3 * 2 ** 30), fs: { time, usedBytes: 2 ** 40 } },
  pods: [pod('small', 1e6, 2 ** 20), pod('big', 250e6, 2 ** 19), { ...pod('new', 0, 0), cpu: { time }, memory: { time } }],
};

describe('rows of use', () => {
  it('are of nodes, pods or containers', () => {
    expect(usageTable(usageRows(SUMMARY, 'nodes'), 'nodes')).toBe('NODE    CPU   MEMORY     DISK\nn1    1500m  3.0 GiB  1.0 TiB\n');
    expect(usageTable(sorted(usageRows(SUMMARY, 'pods'), 'cpu'), 'pods')).toBe(
      [
        'NAMESPACE  POD     CPU   MEMORY  DISK',
        'web        big    250m  512 KiB     -',
        'web        small  1.0m  1.0 MiB     -',
        'web        new       -        -     -',
        '',
      ].join('\n'),
    );
    expect(usageTable(sorted(usageRows(SUMMARY, 'containers'), 'memory'), 'containers', false).split('\n')[0]).toBe(
      'web  small  main  1.0m  1.0 MiB  1.5 KiB',
    );
  });

  it('name their nodes when there are several', () => {
    const other = { ...SUMMARY, node: { ...SUMMARY.node, nodeName: 'n2' } };
    const rows = sorted(
      [SUMMARY, other].flatMap((summary) => usageRows(summary, 'pods')),
      'name',
    );
    expect(usageTable(rows, 'pods')).toMatch(/^NODE +NAMESPACE +POD/);
    expect(rows.map(({ node, pod: name }) => `${node}/${name}`)).toEqual(['n1/big', 'n1/new', 'n1/small', 'n2/big', 'n2/new', 'n2/small']);
  });
});

describe('numbers for people', () => {
  it.each([
    [bytesText(0), '0 B'],
    [bytesText(1536), '1.5 KiB'],
    [bytesText(200 * 2 ** 20), '200 MiB'],
    [coresText(0), '0m'],
    [coresText(200e6), '200m'],
    [coresText(400_000), '0.4m'],
    [secondsText(0.00085), '850µs'],
    [secondsText(0.0123), '12.3ms'],
    [secondsText(4.5), '4.50s'],
    [secondsText(12_000), '3h20m'],
    [secondsText(-75), '-1m15s'],
  ])('are %s', (written, expected) => {
    expect(written).toBe(expected);
  });
});

const TEXT = `# HELP used_bytes Memory.
# TYPE used_bytes gauge
used_bytes{pod="a",image=""} 2048
used_bytes{pod="b",image="x y"} 1024
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{le="1"} 50
took_seconds_bucket{le="2"} 100
took_seconds_bucket{le="+Inf"} 100
took_seconds_sum 100
took_seconds_count 100
`;

describe('an exposition for people', () => {
  it('shows series with the labels that say something', () => {
    expect(pretty(filtered(parseText(TEXT), { name: /used/, labels: {} }))).toBe(
      'used_bytes  gauge\n  Memory.\n  2.0 KiB  pod=a\n  1.0 KiB  pod=b image="x y"\n',
    );
  });

  it('leaves out what does not match, and families without series', () => {
    expect(filtered(parseText(TEXT), { name: undefined, labels: { pod: 'b' } }).map(({ samples }) => samples.length)).toEqual([1]);
    expect(filtered(parseText(TEXT), { name: undefined, labels: { image: '' } })[0]?.samples).toHaveLength(1);
    expect(filtered(parseText(TEXT), { name: /nothing/, labels: {} })).toEqual([]);
  });

  it('shows histograms as quantiles', () => {
    expect(pretty(filtered(parseText(TEXT), { name: /took/, labels: {} }))).toBe(
      'took_seconds  histogram\n  Time.\n  COUNT  MEAN   P50    P90    P99\n  100    1.00s  1.00s  1.80s  1.98s\n',
    );
  });

  it('finds quantiles between the bounds of their bucket', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (counts, q) => {
        const [a = 0, b = 0, c = 0] = counts;
        const text = `# TYPE h histogram\nh_bucket{le="1"} ${a}\nh_bucket{le="5"} ${a + b}\nh_bucket{le="+Inf"} ${a + b + c}\nh_sum 1\nh_count ${a + b + c}\n`;
        const [point] = parseText(text).flatMap((family) => points(family));
        const found = point && quantileOf(point, q);
        if (a + b + c === 0) expect(found).toBeUndefined();
        else {
          const rank = q * (a + b + c);
          const [low, high] = rank <= a && a > 0 ? [0, 1] : rank <= a + b ? [1, 5] : [Infinity, Infinity];
          expect(found).toBeGreaterThanOrEqual(low);
          expect(found).toBeLessThanOrEqual(high);
        }
      }),
    );
  });
});
