import { describe, expect, it } from 'vitest';
import { systemHost } from '../../../util/host.ts';
import { contentTypes } from './content-type.ts';

/** A machine with these tables. */
function machine(tables: Readonly<Record<string, string>>): ReturnType<typeof contentTypes> {
  const readFile = (file: unknown): Promise<string> => {
    const text = typeof file === 'string' ? tables[file] : undefined;
    return text === undefined ? Promise.reject(new Error('not there')) : Promise.resolve(text);
  };
  return contentTypes({ files: { ...systemHost.files, readFile: readFile as typeof systemHost.files.readFile } });
}

describe('the type of a file', () => {
  it('is by its name where the machine has a table, the first of them alone', async () => {
    const types = machine({
      '/usr/share/mime/globs2':
        '# a comment\n50:text/x-log:*.log\n50:text/other:*.log\n50:application/x-1:*.js\n60:x/y:*.t[a]r\n50:x/z:core\n',
      '/etc/mime.types': 'x/never never',
    });
    for (const [name, type] of [
      ['a.log', 'text/x-log; charset=utf-8'],
      ['a.LOG', 'text/x-log; charset=utf-8'],
      ['a.js', 'text/javascript; charset=utf-8'],
      ['a.never', 'text/plain; charset=utf-8'],
    ] as const)
      expect([name, await types(name, Buffer.from('x'))]).toEqual([name, type]);
  });

  it('is by mime.types where that is all', async () => {
    const types = machine({ '/etc/mime.types': '# text/no no\napplication/x-a aa bb # cc\ntext/b js\nx/empty\n' });
    for (const [name, type] of [
      ['f.bb', 'application/x-a'],
      ['f.cc', 'text/plain; charset=utf-8'],
      ['f.js', 'text/b; charset=utf-8'],
      ['f.no', 'text/plain; charset=utf-8'],
    ] as const)
      expect([name, await types(name, Buffer.alloc(0))]).toEqual([name, type]);
  });

  it('is else by its first bytes', async () => {
    const types = machine({});
    for (const [head, type] of [
      ['hello', 'text/plain; charset=utf-8'],
      ['  <!DOCTYPE html>', 'text/html; charset=utf-8'],
      ['<a>', 'text/html; charset=utf-8'],
      ['<abc>', 'text/plain; charset=utf-8'],
      ['<?xml', 'text/xml; charset=utf-8'],
      ['%PDF-1', 'application/pdf'],
      ['\x1f\x8b\x08', 'application/x-gzip'],
      ['PK\x03\x04', 'application/zip'],
      ['\xfd7zXZ\0', 'application/octet-stream'],
      ['\0asm', 'application/wasm'],
      ['\x89PNG\r\n\x1a\n', 'image/png'],
      ['a\x1bb', 'text/plain; charset=utf-8'],
      ['a\0', 'application/octet-stream'],
    ] as const)
      expect([head, await types('file', Buffer.from(head, 'latin1'))]).toEqual([head, type]);
  });
});
