import { describe, expect, it } from 'vitest';
import { aggregate, parseLogQuery, validateLogQuery } from './log-query.ts';
import { journalArguments } from './service-logs.ts';

const noFileProblem = (): Promise<undefined> => Promise.resolve(undefined);

async function answer(query: string): Promise<string> {
  const parsed = parseLogQuery(new URLSearchParams(query));
  if ('errors' in parsed) return `400 ${aggregate(parsed.errors)}`;
  if (parsed.query === undefined) return 'files';
  const errors = await validateLogQuery(parsed.query, noFileProblem);
  return errors.length === 0 ? 'ok' : `406 ${aggregate(errors)}`;
}

describe('the query of node logs', () => {
  const cases: [string, string][] = [
    ['', 'files'],
    ['other=1', 'files'],
    ['query=kubelet', 'ok'],
    ['query=kubelet&query=a@b.service&tailLines=10&boot=-1&pattern=x.*', 'ok'],
    ['query=/var/x', 'ok'],
    ['query=', '400 query: Invalid value: [""]: may not be empty'],
    ['query=%20%20', '400 query: Invalid value: ["  "]: may not be empty'],
    ['query=kubelet&sinceTime=x', '400 sinceTime: Invalid value: "x": invalid time format'],
    ['query=k&tailLines=abc', '400 tailLines: Invalid value: "abc": strconv.Atoi: parsing "abc": invalid syntax'],
    [
      'query=k&boot=foo&untilTime=y',
      '400 [untilTime: Invalid value: "y": invalid time format, boot: Invalid value: "foo": strconv.Atoi: parsing "foo": invalid syntax]',
    ],
    ['tailLines=1', '406 query: Required value: cannot be empty with options'],
    ['query=/f&query=svc', '406 query: Invalid value: "[/f], [svc]": cannot specify a file and service'],
    ['query=/a&query=/b', '406 query: Invalid value: ["/a","/b"]: cannot specify more than one file'],
    ['query=/a&tailLines=1', '406 query: Invalid value: ["/a"]: cannot specify file with options'],
    ['query=a%20b', '406 query: Invalid value: "a b": input contains unsupported characters'],
    ['query=a;b', '406 query: Invalid value: "a;b": input contains unsupported characters'],
    ['query=a&query=b&query=c&query=d&query=e', '406 query: Too many: 5: must have at most 4 items'],
    ['query=k&boot=1', '406 boot: Invalid value: 1: must be less than 1'],
    ['query=k&tailLines=100001', '406 tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive'],
    ['query=k&pattern=[', '406 pattern: Invalid value: "[": error parsing regexp: missing closing ]: `[`'],
    [
      'query=k&sinceTime=2023-01-05T02:00:00Z&untilTime=2023-01-04T02:00:00Z',
      '406 untilTime: Invalid value: "2023-01-04T02:00:00Z": must be after `sinceTime`',
    ],
  ];
  for (const [query, expected] of cases)
    it(`"${query}" is ${expected}`, async () => {
      expect(await answer(query)).toBe(expected);
    });

  it('becomes the command line of journalctl', () => {
    const options = { files: [], services: [], sinceTime: new Date('2023-01-04T02:00:05Z'), tailLines: 10, pattern: 'x y', boot: -1 };
    expect(journalArguments(['kubelet', 'b'], options)).toEqual([
      '--utc',
      '--no-pager',
      '--output=short-precise',
      '--since=2023-1-4 2:0:5',
      '--pager-end',
      '--lines=10',
      '--unit=kubelet',
      '--unit=b',
      '--grep=x y',
      '--boot',
      '-1',
    ]);
  });
});
