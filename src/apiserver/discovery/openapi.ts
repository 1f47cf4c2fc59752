/** `/openapi/v2` and `/openapi/v3` (kube-openapi `pkg/handler`, `pkg/handler3`). Documents are built when first asked for, and kept. */
import { createHash } from 'node:crypto';
import {
  openApiV2Json,
  openApiV2Protobuf,
  openApiV3,
  openApiV3Index,
  openApiV3Keys,
  type OpenApiDocument,
} from '../../api/openapi/openapi.ts';
import type { Exchange } from '../../net/http.ts';
import { goHttpError, sendBytes, sendEmpty } from '../../net/respond.ts';
import { parseAccept } from '../http/negotiate.ts';
import { sendBody } from '../http/send.ts';

export interface OpenApiPaths {
  readonly v2: (exchange: Exchange, path: string) => Promise<void>;
  readonly v3: (exchange: Exchange, path: string) => Promise<void>;
}

/** What clients ask for, and what the answer is called. */
const PROTOBUF_V2 = /^application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf$/;
const PROTOBUF_V2_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const V3 = '/openapi/v3';
/** How long a document that is named by its hash may be kept, in ms. */
const FOREVER = 365 * 24 * 3_600_000;

export function openApiPaths(): OpenApiPaths {
  const v2Json = once(() => documentOf(Buffer.from(openApiV2Json())));
  const v2Protobuf = once(() => documentOf(openApiV2Protobuf()));
  const documents = new Map<string, OpenApiDocument>();
  const documentAt = (key: string): OpenApiDocument | undefined => {
    const known = documents.get(key) ?? openApiV3(key);
    if (known) documents.set(key, known);
    return known;
  };
  const all = async (): Promise<ReadonlyMap<string, OpenApiDocument>> => {
    for (const key of KEYS) {
      if (documents.has(key)) continue;
      documentAt(key);
      // One document at a time: other requests are served in between.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return documents;
  };
  return {
    async v2(exchange) {
      const asked = parseAccept(exchange.request.headers.accept);
      const protobuf = asked.find(({ media }) => PROTOBUF_V2.test(media) || media === 'application/json' || media.endsWith('/*'));
      const isProtobuf = protobuf !== undefined && PROTOBUF_V2.test(protobuf.media);
      const { body, etag } = isProtobuf ? v2Protobuf() : v2Json();
      await sendDocument(exchange, body, etag, isProtobuf ? PROTOBUF_V2_TYPE : 'application/json');
    },
    async v3(exchange, path) {
      const key = path.slice(V3.length + 1);
      if (key === '') {
        // The original leaves the type of the index to Go's sniffing.
        sendBytes(exchange, 200, Buffer.from(JSON.stringify(openApiV3Index(await all()))), { 'Content-Type': 'text/plain; charset=utf-8' });
        return;
      }
      const document = documentAt(key);
      if (!document) {
        goHttpError(exchange, 404, '404 page not found');
        return;
      }
      await serveV3(exchange, key, document);
    },
  };
}

const KEYS: readonly string[] = openApiV3Keys();

async function serveV3(exchange: Exchange, key: string, { body, hash }: OpenApiDocument): Promise<void> {
  const asked = exchange.target.query.get('hash') ?? '';
  if (asked !== '' && asked !== hash) {
    sendEmpty(exchange, 301, { Location: `${V3}/${key}?hash=${hash}` });
    return;
  }
  if (asked === hash) {
    exchange.response.setHeader('Cache-Control', 'public, immutable');
    exchange.response.setHeader('Expires', new Date(Date.now() + FOREVER).toUTCString());
  }
  await sendDocument(exchange, Buffer.from(body), `"${hash}"`, 'application/json');
}

async function sendDocument(exchange: Exchange, body: Buffer, etag: string, type: string): Promise<void> {
  if (exchange.request.headers['if-none-match'] === etag) {
    sendEmpty(exchange, 304, { ETag: etag, Vary: 'Accept' });
    return;
  }
  await sendBody(exchange, 200, body, { 'Content-Type': type, ETag: etag, Vary: 'Accept' });
}

function documentOf(body: Buffer): { readonly body: Buffer; readonly etag: string } {
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
