/** `pods/log`: the kubelet's `/containerLogs` answer, streamed to the client (`pkg/registry/core/pod/rest/log.go`). */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { badRequest, failure, internalError, StatusError } from '../../api/status.ts';
import type { StatusCause } from '../../api/types.ts';
import { openTransport, type Transport } from '../../client/transport.ts';
import { errorText } from '../../util/log.ts';
import type { ApiRequest, ConnectHandler, ObjectReader } from '../endpoint.ts';
import { kubeletLocation, type KubeletCredentials } from './kubelet-location.ts';
import { containerOf, podTarget } from './pod-target.ts';

/** Bytes of a kubelet's error answer that are read. */
const MAX_ERROR_BYTES = 50_000;

/** Connections to kubelets that are kept, by address and whether the certificate is verified. */
export interface KubeletTransports {
  to(host: string, port: number, verify: boolean): Transport;
  close(): void;
}

export function kubeletTransports(credentials: () => KubeletCredentials): KubeletTransports {
  const open = new Map<string, Transport>();
  return {
    to: (host, port, verify) => {
      const { cert, key, ca } = credentials();
      // A new certificate opens new connections; the old ones end when their answers do.
      const identity = createHash('sha256').update(cert).digest('hex');
      const name = `${host} ${port} ${verify} ${identity}`;
      const known = open.get(name);
      if (known !== undefined) return known;
      const checked = verify && ca !== undefined ? { ca } : { insecureSkipVerify: true };
      const literal = host.includes(':') ? `[${host}]` : host;
      const made = openTransport({ server: `https://${literal}:${port}`, cert, key, userAgent: 'nodelet-apiserver', ...checked });
      open.set(name, made);
      return made;
    },
    close: () => {
      for (const transport of open.values()) transport.close();
      open.clear();
    },
  };
}

export interface PodLogOptions {
  readonly objects: ObjectReader;
  readonly credentials: () => KubeletCredentials;
  readonly transports: KubeletTransports;
}

export function podLog({ objects, credentials, transports }: PodLogOptions): ConnectHandler {
  return async (request) => {
    const target = podTarget(objects, request);
    const query = logQuery(request.query, target.name);
    const container = containerOf(target, request.query.get('container'));
    if (!('response' in request.exchange)) throw badRequest('a log is not served over an upgraded connection');
    const { response } = request.exchange;
    if (target.node === '') {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.end();
      return;
    }
    const { host, port } = kubeletLocation(objects, target.node, credentials().preferredAddressTypes);
    const verify = !isTrue(request.query.get('insecureSkipTLSVerifyBackend'));
    const path = `/containerLogs/${encodeURIComponent(target.namespace)}/${encodeURIComponent(target.name)}/${encodeURIComponent(container)}${query}`;
    const answer = await ask(transports.to(host, port, verify), host, port, path, request);
    if (answer.statusCode !== 200) throw await kubeletFailure(answer, target.name);
    response.writeHead(200, { 'content-type': 'text/plain' });
    if ('flushHeaders' in response) response.flushHeaders();
    try {
      await pipeline(answer, response, { signal: request.signal });
    } catch (error) {
      // The head is sent: cutting the connection is the one way left to say that the log is not complete.
      if (!request.signal.aborted) response.destroy(error instanceof Error ? error : new Error(errorText(error)));
    }
  };
}

async function ask(transport: Transport, host: string, port: number, path: string, request: ApiRequest): Promise<IncomingMessage> {
  try {
    // A log that is followed must not keep the next one waiting for its connection.
    return await transport.send({ method: 'GET', path, streams: isTrue(request.query.get('follow')), signal: request.signal });
  } catch (error) {
    throw failure(500, '', `Get "https://${host}:${port}${path}": ${dialText(error, host, port)}`);
  }
}

/** An unreachable address in Go's words. */
export function dialText(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  if (code === 'ECONNREFUSED') return `dial tcp ${address}: connect: connection refused`;
  if (code === 'EHOSTUNREACH') return `dial tcp ${address}: connect: no route to host`;
  if (code === 'ENETUNREACH') return `dial tcp ${address}: connect: network is unreachable`;
  if (code === 'ETIMEDOUT') return `dial tcp ${address}: i/o timeout`;
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  if (code === 'EPROTO' || /wrong version number|packet length too long/.test(errorText(error)))
    return 'tls: first record does not look like a TLS handshake';
  return errorText(error);
}

async function kubeletFailure(answer: IncomingMessage, pod: string): Promise<StatusError> {
  let text = '';
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.length > MAX_ERROR_BYTES) break;
  }
  const code = answer.statusCode ?? 500;
  const details = { name: pod, kind: 'pods/log' };
  switch (code) {
    case 400:
      return badRequest(text);
    case 401:
      return failure(401, 'Unauthorized', `the server has asked for the client to provide credentials ( pods/log ${pod})`, details);
    case 403:
      return failure(403, 'Forbidden', `${text} ( pods/log ${pod})`, details);
    case 404:
      return failure(404, 'NotFound', `the server could not find the requested resource ( pods/log ${pod})`, details);
    case 500:
      return internalError(text);
    default:
      return failure(code, code === 503 ? 'ServiceUnavailable' : 'InternalError', text, details);
  }
}

const isTrue = (value: string | null): boolean => value !== null && value !== 'false' && value !== '0';

/** The kubelet's query, keys sorted; throws for values that are no PodLogOptions. */
function logQuery(asked: URLSearchParams, pod: string): string {
  const causes: StatusCause[] = [];
  const invalid = (field: string, reason: string, message: string): void => void causes.push({ reason, message, field });
  const numbers = Object.fromEntries(['limitBytes', 'sinceSeconds', 'tailLines'].map((key) => [key, integer(asked.get(key))]));
  const { limitBytes, sinceSeconds, tailLines } = numbers;
  const sinceTime = asked.get('sinceTime');
  if (tailLines !== undefined && tailLines < 0n)
    invalid('tailLines', 'FieldValueInvalid', `Invalid value: ${tailLines}: must be greater than or equal to 0`);
  if (limitBytes !== undefined && limitBytes < 1n)
    invalid('limitBytes', 'FieldValueInvalid', `Invalid value: ${limitBytes}: must be greater than 0`);
  if (sinceSeconds !== undefined && sinceTime !== null)
    invalid('', 'FieldValueForbidden', 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified');
  else if (sinceSeconds !== undefined && sinceSeconds < 1n)
    invalid('sinceSeconds', 'FieldValueInvalid', `Invalid value: ${sinceSeconds}: must be greater than 0`);
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime)))
    throw badRequest(
      `parsing time ${JSON.stringify(sinceTime)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(sinceTime)} as "2006"`,
    );
  const stream = asked.get('stream');
  if (stream !== null && stream !== 'All') invalid('stream', 'FieldValueForbidden', 'Forbidden: may not be specified');
  if (causes.length > 0) throw invalidOptions(pod, causes);
  const query = new URLSearchParams();
  for (const key of ['follow', 'previous', 'timestamps']) if (asked.has(key) && isTrue(asked.get(key))) query.set(key, 'true');
  for (const [key, value] of Object.entries(numbers)) if (value !== undefined) query.set(key, String(value));
  if (sinceTime !== null) query.set('sinceTime', sinceTime);
  query.sort();
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

function integer(text: string | null): bigint | undefined {
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return BigInt(text);
}

function invalidOptions(pod: string, causes: StatusCause[]): StatusError {
  const texts = causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  return failure(422, 'Invalid', `PodLogOptions "${pod}" is invalid: ${text ?? ''}`, { name: pod, kind: 'PodLogOptions', causes });
}
