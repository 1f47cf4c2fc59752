import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { helpText, parseFlags, UsageError, type FlagTable } from './flags.ts';

const table = [
  { name: 'config', type: 'string', help: 'The configuration file.', placeholder: 'FILE' },
  { name: 'port', type: 'int', default: 10250, help: 'Where to listen.' },
  { name: 'fail-swap-on', type: 'bool', default: true, help: 'Refuse to start with swap.' },
  { name: 'cluster-dns', type: 'strings', default: [], help: 'Addresses of DNS servers.' },
  { name: 'node-labels', type: 'map', default: {}, help: 'Labels.' },
  { name: 'sync', type: 'duration', default: '1m0s', help: 'How often.', deprecated: 'set it in the file' },
  { name: 'v', short: 'v', type: 'int', default: 0, help: 'Verbosity.' },
] as const satisfies FlagTable;

describe('parseFlags', () => {
  const cases: [string[], string, unknown][] = [
    [['--port=1'], 'port', 1],
    [['--port', '1'], 'port', 1],
    [['--port', '-1'], 'port', -1],
    [[], 'port', 10250],
    [['--fail-swap-on'], 'fail-swap-on', true],
    [['--fail-swap-on=false'], 'fail-swap-on', false],
    [['--fail-swap-on=0'], 'fail-swap-on', false],
    [['--cluster-dns=a,b', '--cluster-dns', 'c'], 'cluster-dns', ['a', 'b', 'c']],
    [['--node-labels=a=b,c=d', '--node-labels=e=f=g'], 'node-labels', { a: 'b', c: 'd', e: 'f=g' }],
    [['--sync=90s'], 'sync', '90s'],
    [['--v=4'], 'v', 4],
    [['-v', '4'], 'v', 4],
    [['-v=4'], 'v', 4],
    [['-v4'], 'v', 4],
    [['--config='], 'config', ''],
  ];
  for (const [argv, name, value] of cases) {
    it(`reads ${JSON.stringify(argv)} as ${name} = ${JSON.stringify(value)}`, () => {
      expect((parseFlags(table, argv).values as Record<string, unknown>)[name]).toEqual(value);
    });
  }

  const wrong: [string[], string][] = [
    [['--prot=1'], 'unknown flag: --prot (did you mean --port?)'],
    [['--something-else'], 'unknown flag: --something-else'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['--config'], 'flag needs an argument: --config'],
    [['--port=abc'], 'invalid argument "abc" for "--port" flag: strconv.ParseInt: parsing "abc": invalid syntax'],
    [
      ['--port=99999999999999999999'],
      'invalid argument "99999999999999999999" for "--port" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    [['--fail-swap-on=maybe'], 'invalid argument "maybe" for "--fail-swap-on" flag: strconv.ParseBool: parsing "maybe": invalid syntax'],
    [['--sync=5'], 'invalid argument "5" for "--sync" flag: time: invalid duration "5"'],
    [['--node-labels=a'], 'invalid argument "a" for "--node-labels" flag: a must be formatted as key=value'],
    [['--constructor=1'], 'unknown flag: --constructor'],
  ];
  for (const [argv, message] of wrong) {
    it(`refuses ${JSON.stringify(argv)}`, () => {
      expect(() => parseFlags(table, argv)).toThrow(new UsageError(message));
    });
  }

  it('tells given flags, positionals and deprecated flags apart', () => {
    const parsed = parseFlags(table, ['up', '--sync', '1s', '--', '--port=1']);
    expect([...parsed.given]).toEqual(['sync']);
    expect(parsed.positionals).toEqual(['up', '--port=1']);
    expect(parsed.notices).toEqual(['Flag --sync has been deprecated, set it in the file']);
  });

  it('throws nothing but UsageError, whatever the arguments', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((s) => `--${s}`),
            fc.constantFrom('--port', '--v', '-v', '--', '--node-labels'),
          ),
        ),
        (argv) => {
          try {
            parseFlags(table, argv);
          } catch (error) {
            expect(error).toBeInstanceOf(UsageError);
          }
        },
      ),
    );
  });
});

describe('helpText', () => {
  it('shows each flag with its placeholder, help and default', () => {
    expect(helpText(table.slice(0, 3))).toBe(
      '  --config FILE\n        The configuration file.\n  --port NUMBER\n        Where to listen. (default 10250)\n' +
        '  --fail-swap-on\n        Refuse to start with swap. (default true)\n',
    );
  });

  it('wraps long help at the width', () => {
    const text = helpText([{ name: 'x', type: 'bool', help: 'word '.repeat(40).trim() }], 60);
    expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThanOrEqual(60);
  });
});
