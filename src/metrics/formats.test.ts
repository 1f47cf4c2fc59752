import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exposition } from './exposition.ts';
import { counter, gauge, histogram, labelText, type MetricFamily } from './family.ts';
import { inFormat } from './formats.ts';
import { acceptsGzip, negotiateFormat } from './negotiate.ts';
import { ExpositionError, parseText } from './parse-text.ts';
import { decode, delimited, toldByMessages, toldByOpenMetrics, toldByText, type Message } from './testing.ts';

const PROTO = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8; escaping=';

describe('the format of an exposition', () => {
  const cases: [accept: string | undefined, contentType: string][] = [
    [undefined, `${TEXT}underscores`],
    ['', `${TEXT}underscores`],
    ['*/*', `${TEXT}underscores`],
    ['application/openmetrics-text', `${TEXT}underscores`],
    ['application/openmetrics-text;version=1.0.0,text/plain;q=0.5', `${TEXT}underscores`],
    [
      `${PROTO};encoding=delimited`,
      `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores`,
    ],
    [
      `${PROTO};encoding=text`,
      `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text; escaping=underscores`,
    ],
    [
      `${PROTO};encoding=compact-text`,
      `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=compact-text; escaping=underscores`,
    ],
    [
      `${PROTO.replaceAll(';', '; ')}; encoding=delimited`,
      `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores`,
    ],
    ['application/vnd.google.protobuf', `${TEXT}underscores`],
    [PROTO, `${TEXT}underscores`],
    [`${PROTO};encoding="delimited"`, `${TEXT}underscores`],
    [`${PROTO.replace('vnd', 'VND')};encoding=delimited`, `${TEXT}underscores`],
    ['text/plain;version=0.0.4;escaping=allow-utf-8', `${TEXT}allow-utf-8`],
    ['text/plain;version=0.0.4;escaping=values', `${TEXT}values`],
    ['text/plain;version=0.0.4;escaping=dots', `${TEXT}dots`],
    ['text/plain;version=0.0.4;escaping=nonsense', `${TEXT}underscores`],
    ['text/plain;version=1.0.0;escaping=allow-utf-8', `${TEXT}allow-utf-8`],
    ['text/plain;version=0.0.5', `${TEXT}underscores`],
    ['text/html,application/json;escaping=values', `${TEXT}values`],
    ['text/plain;escaping=dots;q=0.5,application/json', `${TEXT}dots`],
    [`${PROTO};encoding=delimited;q=0.1,text/plain;q=0.3`, `${TEXT}underscores`],
    [`${PROTO};encoding=delimited;q=0,text/plain;q=0.3`, `${TEXT}underscores`],
    [`text/plain;q=0.5,${PROTO};encoding=delimited;q=0.5`, `${TEXT}underscores`],
    [
      `${PROTO};encoding=delimited;escaping=allow-utf-8;q=0.6,text/plain;q=0.3,*/*;q=0.2`,
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8',
    ],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      `${TEXT}allow-utf-8`,
    ],
  ];
  for (const [accept, contentType] of cases)
    it(`is ${contentType} for ${accept ?? 'no Accept'}`, () => {
      expect(negotiateFormat(accept, { openMetrics: false }).contentType).toBe(contentType);
    });

  it('is OpenMetrics where that is offered and wished for most', () => {
    const offer = { openMetrics: true };
    expect(negotiateFormat('application/openmetrics-text; version=1.0.0', offer).contentType).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores',
    );
    expect(negotiateFormat('application/openmetrics-text', offer).contentType).toContain('version=0.0.1');
    expect(negotiateFormat('application/openmetrics-text;version=2.0.0', offer).format).toBe('text');
    expect(negotiateFormat('text/plain,application/openmetrics-text;q=0.9', offer).format).toBe('text');
  });

  it('is found for whatever header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z*/;=,. 01q]{0,80}$/)), (header) => {
        expect(negotiateFormat(header, { openMetrics: true }).contentType).toContain('escaping=');
        expect(typeof acceptsGzip(header)).toBe('boolean');
      }),
    );
  });

  const encodings: [string | undefined, boolean][] = [
    [undefined, false],
    ['gzip', true],
    ['zstd', false],
    ['zstd, gzip', true],
    ['identity', false],
    ['gzip;q=0', false],
    ['gzip;q=0.1,identity;q=0.5', false],
    ['*', false],
    ['br', false],
    ['deflate, gzip;q=1.0, *;q=0.5', true],
    ['GZIP', false],
  ];
  for (const [header, zipped] of encodings)
    it(`is ${zipped ? '' : 'not '}zipped for ${header ?? 'no Accept-Encoding'}`, () => {
      expect(acceptsGzip(header)).toBe(zipped);
    });
});

const value = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -1000, max: 2 ** 31 }),
  fc.constantFrom(0, Infinity, -Infinity, 1e6, 1e21, 1e-7),
);
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', '\\', '"', '\n', 'a\\n', '\\"', '}', ',', ' '));
const time = fc.option(fc.integer({ min: -5000, max: 2 ** 45 }), { nil: undefined });

describe('a text that is parsed', () => {
  it('says what was written, whatever stands in labels and help', () => {
    fc.assert(
      fc.property(anyText, fc.array(fc.tuple(anyText, value, time), { maxLength: 6 }), (help, rows) => {
        const unique = [...new Map(rows.map((row) => [row[0], row])).values()];
        const family: MetricFamily = {
          name: 'x_total',
          help,
          type: 'counter',
          write: (sample) => unique.forEach(([text, number, at]) => sample('', labelText(['a', 'b'], [text, 'c']), number, at)),
        };
        const [parsed] = parseText(exposition([family]));
        expect(parsed?.samples ?? []).toEqual(
          unique.map(([text, number, at]) => ({
            name: 'x_total',
            labels: [
              ['a', text],
              ['b', 'c'],
            ],
            value: number === 0 ? 0 : number,
            at,
          })),
        );
        if (parsed) expect(parsed).toMatchObject({ name: 'x_total', help, type: 'counter' });
      }),
    );
  });

  const wrong: [text: string, why: string][] = [
    ['a 1', 'line 1: the last line has no end'],
    ['a 1\nb 2\na 3\n', 'line 3: the lines of a do not stand together'],
    ['# TYPE a counter\n# TYPE a counter\n', 'line 2: a second TYPE of a, or one behind its samples'],
    ['# TYPE a tally\n', 'line 1: there is no type "tally"'],
    ['a{b="c} 1\n', 'line 1: the value of label b does not end'],
    ['a{b} 1\n', 'line 1: label b has no value'],
    ['a{1="c"} 1\n', 'line 1: no label name at column 3'],
    ['a{b="c"d="e"} 1\n', 'line 1: no comma behind label b'],
    ['a one\n', 'line 1: "one" is not a number'],
    ['a 1 2.5\n', 'line 1: "2.5" is not a time'],
    ['a 1 2 3\n', 'line 1: there is something behind the time'],
    ['{a="b"} 1\n', 'line 1: a sample does not begin with a metric name'],
  ];
  for (const [text, why] of wrong)
    it(`is refused: ${why}`, () => {
      expect(() => parseText(text)).toThrow(new ExpositionError(Number(/\d+/.exec(why)?.[0]), why.replace(/^line \d+: /, '')));
    });

  it('is read or refused, never anything else', () => {
    const pieces = fc.constantFrom(
      '# HELP a b\n',
      '# TYPE a histogram\n',
      'a{b="c"} 1\n',
      'a_sum 1\n',
      '{',
      '"',
      '\\',
      '\n',
      'a',
      ' ',
      'NaN',
      '+Inf',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ unit: 'binary', maxLength: 5 })), { maxLength: 20 }), (parts) => {
        try {
          parseText(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(ExpositionError);
        }
      }),
    );
  });

  it('may hold ten thousand labels', () => {
    const labels = Array.from({ length: 10_000 }, (_, i) => `l${i}="${i}"`).join(',');
    const [family] = parseText(`a{${labels},} 1\n`);
    expect(family?.samples[0]?.labels).toHaveLength(10_000);
    const text = `# TYPE a gauge\na{${labels}} 1\n`;
    for (const told of [toldByMessages(inFormat(text, 'delimited')), toldByOpenMetrics(inFormat(text, 'openmetrics').toString())])
      expect(told).toEqual(toldByText(parseText(text)));
  });

  it('says the same in every format, whatever stands in names of pods, values and times', () => {
    const whenever = fc.option(fc.integer({ min: 0, max: 2 ** 45 }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText, value, whenever), { maxLength: 8 }), (rows) => {
        const text = exposition([
          {
            name: 'x',
            help: 'h',
            type: 'gauge',
            write: (sample) =>
              rows.forEach(([a, b, number, at], i) => sample('', labelText(['a', 'b', 'i'], [a, b, String(i)]), number, at)),
          },
        ]);
        const told = toldByText(parseText(text));
        expect(toldByOpenMetrics(inFormat(text, 'openmetrics').toString())).toEqual(told);
        expect(toldByMessages(inFormat(text, 'delimited'))).toEqual(told);
      }),
    );
  });
});

function sampleText(): string {
  const requests = counter({ name: 'requests_total', help: 'All.', labels: ['code'] });
  requests.increase(['200'], 3);
  const odd = counter({ name: 'evictions', help: 'A counter of an old name.' });
  odd.increase([], 2);
  const level = gauge({ name: 'level', help: 'A "level".' });
  level.set(-1.5);
  const seconds = histogram({ name: 'seconds', help: 'h', labels: ['x'], buckets: [0.5, 1] });
  for (const observed of [0.5, 0.75, 2]) seconds.observe(observed, ['y']);
  const timed: MetricFamily = { name: 'timed', help: 't', type: 'gauge', write: (sample) => sample('', 'a="b"', 4, 1_700_000_000_120) };
  return exposition([requests, odd, level, seconds, timed]);
}

describe('the other formats', () => {
  it('write OpenMetrics with its names, floats and seconds', () => {
    expect(inFormat(sampleText(), 'openmetrics').toString()).toBe(
      [
        '# HELP evictions A counter of an old name.',
        '# TYPE evictions unknown',
        'evictions 2.0',
        '# HELP level A \\"level\\".',
        '# TYPE level gauge',
        'level -1.5',
        '# HELP requests All.',
        '# TYPE requests counter',
        'requests_total{code="200"} 3.0',
        '# HELP seconds h',
        '# TYPE seconds histogram',
        'seconds_bucket{x="y",le="0.5"} 1',
        'seconds_bucket{x="y",le="1.0"} 2',
        'seconds_bucket{x="y",le="+Inf"} 3',
        'seconds_sum{x="y"} 3.25',
        'seconds_count{x="y"} 3',
        '# HELP timed t',
        '# TYPE timed gauge',
        'timed{a="b"} 4.0 1700000000.12',
        '# EOF',
        '',
      ].join('\n'),
    );
  });

  it('write messages as text', () => {
    expect(inFormat('# HELP a b\n# TYPE a counter\na{l="\\"\\n"} 1 2\n', 'compact-text').toString()).toBe(
      'name:"a" help:"b" type:COUNTER metric:{label:{name:"l" value:"\\"\\n"} counter:{value:1} timestamp_ms:2}\n',
    );
    expect(inFormat('# TYPE a gauge\na 1.5e+06\n', 'prototext').toString()).toBe(
      'name: "a"\ntype: GAUGE\nmetric: {\n  gauge: {\n    value: 1.5e+06\n  }\n}\n\n',
    );
  });

  it('write messages that decode to what the text says', () => {
    const families = delimited(inFormat(sampleText(), 'delimited')).map((family) => decode(family));
    expect(families.map((family) => String(family.get(1)))).toEqual(['evictions', 'level', 'requests_total', 'seconds', 'timed']);
    const only = (message: Message, field: number): Message => decode(message.get(field)?.[0] as Buffer);
    const [, , requests = new Map(), seconds = new Map(), timed = new Map()] = families;
    expect(only(only(requests, 4), 3).get(1)).toEqual([3]);
    const histogram = only(only(seconds, 4), 7);
    expect(histogram.get(1)).toEqual([3]);
    expect(histogram.get(2)).toEqual([3.25]);
    expect(histogram.get(3)?.map((bucket) => [...decode(bucket as Buffer).values()].flat())).toEqual([
      [1, 0.5],
      [2, 1],
    ]);
    expect(only(timed, 4).get(6)).toEqual([1_700_000_000_120]);
    expect([...only(only(timed, 4), 1).values()].flat().map(String)).toEqual(['a', 'b']);
  });

  it('write every value and time exactly', () => {
    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 2 ** 50 }), anyText, (number, at, text) => {
        const line = `# TYPE a gauge\n${exposition([
          { name: 'a', help: text, type: 'gauge', write: (s) => s('', labelText(['l'], [text]), number, at) },
        ])
          .split('\n')
          .slice(2)
          .join('\n')}`;
        const [family] = delimited(inFormat(line, 'delimited'));
        const metric = decode(decode(family ?? Buffer.alloc(0)).get(4)?.[0] as Buffer);
        const held = decode(metric.get(2)?.[0] as Buffer).get(1);
        expect(held).toEqual([number === 0 ? 0 : number]);
        expect(metric.get(6)).toEqual([at]);
        expect(String(decode(metric.get(1)?.[0] as Buffer).get(2))).toBe(Buffer.from(text).toString());
      }),
    );
  });
});
