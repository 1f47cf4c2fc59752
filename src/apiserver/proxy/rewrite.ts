/** What the API server changes of a backend's answer on its way to the client (apimachinery `util/proxy/{transport,upgradeaware}.go`). */
import { PassThrough, pipeline, type Readable, type Transform } from 'node:stream';
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib';
import type { ProxyAnswer } from '../../net/proxy.ts';
import { htmlRewriter } from './html.ts';
import { publicUrl, type PublicPlace } from './public-url.ts';

const CORS = /^access-control-allow-(credentials|headers|methods|origin)$/i;
/** Encodings of pages that are looked into; others pass as they are. */
const CODINGS: Readonly<Record<string, readonly [decode: () => Transform, encode: () => Transform]>> = {
  '': [() => new PassThrough(), () => new PassThrough()],
  gzip: [createGunzip, createGzip],
  deflate: [createInflate, createDeflate],
};

/** Redirects and the links of HTML pages stay below the proxy's path; the backend's cross-origin grants are not ours to give. */
export function rewriteAnswer(answer: ProxyAnswer, place: PublicPlace): ProxyAnswer {
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !CORS.test(name)));
  const header = (wanted: string): string => {
    const value = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
    return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
  };
  const location = header('location');
  if (location !== '') {
    for (const name of Object.keys(headers)) if (name.toLowerCase() === 'location') headers[name] = publicUrl(location, place);
    return { ...answer, headers };
  }
  const [type = ''] = header('content-type').split(';');
  const coding = CODINGS[header('content-encoding')];
  if (type.trim() !== 'text/html' || coding === undefined) return { ...answer, headers };
  for (const name of Object.keys(headers)) if (name.toLowerCase() === 'content-length') delete headers[name];
  const [decode, encode] = coding;
  return {
    ...answer,
    headers,
    body: through(
      answer.body,
      decode(),
      htmlRewriter((url) => publicUrl(url, place)),
      encode(),
    ),
  };
}

/** An error of any of them ends the last one, and with it the answer. */
function through(body: Readable, ...stages: [Transform, Transform, Transform]): Readable {
  const [first, second, third] = stages;
  pipeline(body, first, second, third, () => undefined);
  return third;
}
