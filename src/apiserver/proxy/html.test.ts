import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { htmlRewriter } from './html.ts';

const mark = (url: string): string => (url.startsWith('/') ? `/p${url}` : url);

async function rewritten(page: string, cuts: readonly number[] = [], rewrite = mark): Promise<string> {
  const bytes = Buffer.from(page);
  const ends = [...cuts.filter((cut) => cut < bytes.length), bytes.length].toSorted((a, b) => a - b);
  const pieces = ends.map((end, n) => bytes.subarray(n === 0 ? 0 : ends[n - 1], end)).filter((piece) => piece.length > 0);
  return text(Readable.from(pieces).pipe(htmlRewriter(rewrite)));
}

describe('rewriting the links of a page', () => {
  it.each([
    ['plain text', 'plain text'],
    ['<a href="/x">x</a>', '<a href="/p/x">x</a>'],
    ["<A HREF='/x' Class=b>x</A>", '<a href="/p/x" class="b">x</A>'],
    ['<a href=/x>x</a>', '<a href="/p/x">x</a>'],
    ['<a href="x">', '<a href="x">'],
    ['<p href="/x">', '<p href="/x">'],
    ['<img src = "/a.png" usemap="/m"/>', '<img src="/p/a.png" usemap="/p/m"/>'],
    ['<form action="/go?a=1&b=2">', '<form action="/p/go?a=1&amp;b=2">'],
    ['<a title="&quot;x&apos; &copy; &#169;" href="/">', '<a title="&#34;x&#39; &copy; &#169;" href="/p/">'],
    ['<input disabled src="/a">', '<input disabled="" src="/p/a">'],
    ['<!-- <a href="/x"> --><a href="/x">', '<!-- <a href="/x"> --><a href="/p/x">'],
    [
      '<script src="/s.js">if (a<b) "<a href=\'/x\'>"</script><a href="/x">',
      '<script src="/p/s.js">if (a<b) "<a href=\'/x\'>"</script><a href="/p/x">',
    ],
    ['<title><a href="/x"></title>', '<title><a href="/x"></title>'],
    ['1 < 2 <3 <', '1 < 2 <3 <'],
    ['<!doctype html><HTML><BODY>ü', '<!doctype html><html><body>ü'],
    ['<a href="/x', '<a href="/x'],
    ['', ''],
  ])('%s', async (page, expected) => {
    expect(await rewritten(page)).toBe(expected);
  });

  it('gives the same wherever the page is cut into pieces', async () => {
    const page = '<html><script>x</scr </script><a href="/ü&amp;" b>ü</a><!-- - -- --><img src=/y></html>';
    const whole = await rewritten(page);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(page.length)), async (cuts) => {
        expect(await rewritten(page, cuts)).toBe(whole);
      }),
      { numRuns: 100 },
    );
  });

  it('passes any bytes, and loses none outside of tags', async () => {
    const pieces = fc.array(fc.constantFrom('<', '>', 'a', ' ', '"', "'", '=', '/', '!', '--', 'script', 'href', '</', '\u0000', 'ÿ'));
    await fc.assert(
      fc.asyncProperty(pieces, async (parts) => {
        const page = parts.join('');
        const out = await rewritten(page, [], (url) => url);
        // Once written anew, a page stays as it is.
        expect(await rewritten(out, [], (url) => url)).toBe(out);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps no more than a piece of a tag that never ends', async () => {
    const endless = `<a href="${'x'.repeat(600_000)}`;
    expect(await rewritten(`${endless}"><a href="/x">`, [100_000, 200_000, 300_000, 400_000])).toContain('xxx"><a href="/x">');
  });
});
