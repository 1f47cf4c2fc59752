/** `/openapi/v2` and `/openapi/v3`. */
import type { Exchange } from '../../net/http.ts';
import { sendBody } from '../http/send.ts';

export interface OpenApiPaths {
  readonly v2: (exchange: Exchange, path: string) => Promise<void>;
  readonly v3: (exchange: Exchange, path: string) => Promise<void>;
}

const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

export function openApiPaths(): OpenApiPaths {
  return {
    v2: (exchange) => sendBody(exchange, 200, Buffer.alloc(0), { 'Content-Type': PROTOBUF_V2 }),
    v3: (exchange) => sendBody(exchange, 200, Buffer.from('{"paths":{}}'), { 'Content-Type': 'application/json' }),
  };
}
