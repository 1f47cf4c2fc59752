import { describe, expect, it } from 'vitest';
import { systemHost } from '../util/host.ts';
import { exposition } from './exposition.ts';
import { computed, counter, gauge, goFloat, histogram } from './family.ts';
import { startNodeProcessMetrics } from './node-process.ts';
import { processFamilies } from './process.ts';

describe('exposition', () => {
  it('writes families by name and series by labels', () => {
    const requests = counter({ name: 'requests_total', help: 'Requests\nseen.', labels: ['method', 'code'] });
    requests.increase(['GET', '200']);
    requests.increase(['GET', '200'], 2);
    requests.increase(['a"b\\c\n', '1']);
    const inflight = gauge({ name: 'inflight', help: 'Now.' });
    inflight.set(3);
    inflight.increase([], -1);
    const unused = counter({ name: 'a_unused', help: 'Nothing.', labels: ['x'] });
    expect(exposition([requests, inflight, unused, computed('gauge', 'b', 'Computed.', () => 1.5)])).toBe(
      '# HELP b Computed.\n# TYPE b gauge\nb 1.5\n' +
        '# HELP inflight Now.\n# TYPE inflight gauge\ninflight 2\n' +
        '# HELP requests_total Requests\\nseen.\n# TYPE requests_total counter\n' +
        'requests_total{code="1",method="a\\"b\\\\c\\n"} 1\nrequests_total{code="200",method="GET"} 3\n',
    );
  });

  it('writes histograms with buckets that add up', () => {
    const seconds = histogram({ name: 's', help: 'h', labels: ['x'], buckets: [0.5, 1] });
    for (const value of [0.5, 0.75, 2]) seconds.observe(value, ['y']);
    expect(exposition([seconds])).toBe(
      '# HELP s h\n# TYPE s histogram\ns_bucket{x="y",le="0.5"} 1\ns_bucket{x="y",le="1"} 2\ns_bucket{x="y",le="+Inf"} 3\ns_sum{x="y"} 3.25\ns_count{x="y"} 3\n',
    );
  });

  it('takes no more series than its limit', () => {
    const many = counter({ name: 'many', help: 'h', labels: ['n'] });
    for (let i = 0; i < 20_000; i++) many.increase([String(i)]);
    expect(exposition([many]).split('\n').length).toBe(10_003);
  });
});

describe('goFloat', () => {
  const cases: [number, string][] = [
    [0, '0'],
    [1, '1'],
    [-1, '-1'],
    [100, '100'],
    [123456, '123456'],
    [1000000, '1e+06'],
    [1234567, '1.234567e+06'],
    [1795255902, '1.795255902e+09'],
    [123456.789, '123456.789'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [0.027000000000000017, '0.027000000000000017'],
    [2 ** 64, '1.8446744073709552e+19'],
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
    [1e21, '1e+21'],
    [-2500000, '-2.5e+06'],
  ];
  for (const [value, text] of cases)
    it(`writes ${value} as ${text}`, () => {
      expect(goFloat(value)).toBe(text);
    });
});

describe('processFamilies', () => {
  it('measure this process', async () => {
    const text = exposition(await processFamilies(systemHost, 1_795_255_902_000));
    expect(text).toContain('process_start_time_seconds 1.795255902e+09\n');
    expect(text).toMatch(/^process_resident_memory_bytes [\d.e+]+$/m);
    if (process.platform === 'linux')
      for (const name of ['cpu_seconds_total', 'open_fds', 'max_fds', 'virtual_memory_bytes'])
        expect(text).toMatch(new RegExp(`^process_${name} [\\d.e+]+$`, 'm'));
  });
});

describe('startNodeProcessMetrics', () => {
  it('counts how much later than it should a timer fires', () => {
    let now = 0;
    let everyMs = 0;
    let fire = (): void => undefined;
    let cancelled = false;
    const every = (ms: number, callback: () => void) => {
      everyMs = ms;
      fire = callback;
      return { cancel: () => (cancelled = true) };
    };
    const program = startNodeProcessMetrics({ ...systemHost.clock, monotonic: () => now, every });
    for (const late of [0, 0, 0, 200]) {
      now += everyMs + late;
      fire();
    }
    const max = Number(/^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(exposition(program.families))?.[1]);
    expect(max).toBeCloseTo(0.2, 2);
    expect(exposition(program.families)).toMatch(/^nodejs_eventloop_lag_p50_seconds \d(\.\d+)?e-0[6-9]$/m);
    program.close();
    expect(cancelled).toBe(true);
  });
});
