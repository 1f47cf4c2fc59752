import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { ProxyAnswer } from '../../net/proxy.ts';
import { rewriteAnswer } from './rewrite.ts';

const place = { prefix: '/proxy', backendHost: '10.0.0.1:80', requestHost: 'api' };
const PAGE = '<a href="/x">x</a>';
const REWRITTEN = '<a href="/proxy/x">x</a>';
const answer = (headers: ProxyAnswer['headers'], body: string | Buffer = PAGE): ProxyAnswer =>
  rewriteAnswer({ status: 200, headers, body: Readable.from([Buffer.from(body)]) }, place);

test('a page has its links rewritten and loses its length', async () => {
  const { headers, body } = answer({ 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': '18', 'X-Own': 'y' });
  expect(await text(body)).toBe(REWRITTEN);
  expect(headers).toEqual({ 'Content-Type': 'text/html; charset=utf-8', 'X-Own': 'y' });
});

test.each([
  ['gzip', gzipSync, gunzipSync],
  ['deflate', deflateSync, inflateSync],
] as const)('a page in %s is unpacked and packed again', async (coding, pack, unpack) => {
  const { body } = answer({ 'Content-Type': 'text/html', 'Content-Encoding': coding }, pack(PAGE));
  expect(unpack(await buffer(body)).toString()).toBe(REWRITTEN);
});

test.each([[{ 'Content-Type': 'text/plain' }], [{}], [{ 'Content-Type': 'text/html', 'Content-Encoding': 'br' }]])(
  'what is no page that can be read stays as it is: %j',
  async (headers) => {
    const { body, headers: kept } = answer({ ...headers, 'Content-Length': '18' });
    expect(await text(body)).toBe(PAGE);
    expect(kept).toEqual({ ...headers, 'Content-Length': '18' });
  },
);

test('a page whose packing is broken ends the answer', async () => {
  const { body } = answer({ 'content-type': 'text/html', 'content-encoding': 'gzip' }, 'not gzip');
  await expect(text(body)).rejects.toThrow();
});

test('redirects stay below the path, and the page beside one is not touched', async () => {
  const { headers, body } = answer({ location: '/login', 'content-type': 'text/html' });
  expect(headers['location']).toBe('/proxy/login');
  expect(await text(body)).toBe(PAGE);
});

test('cross-origin grants of the backend are dropped', () => {
  expect(answer({ 'Access-Control-Allow-Origin': '*', 'access-control-allow-methods': 'GET', ETag: 'e' }).headers).toEqual({ ETag: 'e' });
});
