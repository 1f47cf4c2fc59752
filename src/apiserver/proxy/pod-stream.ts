/** `pods/exec`, `pods/attach` and `pods/portforward`: passed on to the kubelet (`pkg/registry/core/pod/rest/subresources.go`). */
import { badRequest, failure, forbidden } from '../../api/status.ts';
import { resources } from '../../api/resources.ts';
import type { Authorizer } from '../../auth/types.ts';
import { BackendError, proxyUpgrade, type ProxyTarget } from '../../net/proxy.ts';
import { translateCommand } from '../../net/remotecommand/translate.ts';
import { tunnelPortForward } from '../../net/portforward/tunnel.ts';
import type { UpgradeExchange } from '../../net/http.ts';
import type { ApiRequest, ConnectHandler, ObjectReader } from '../endpoint.ts';
import { attributesOf } from '../auth/authorization.ts';
import { backendTls, kubeletLocation, urlOf, type KubeletCredentials } from './kubelet-location.ts';
import { containerOf, podTarget } from './pod-target.ts';

export interface PodStreamOptions {
  readonly objects: ObjectReader;
  readonly credentials: () => KubeletCredentials;
  readonly authorize: Authorizer;
}

type Stream = 'exec' | 'attach' | 'portforward';

const COMMAND_STREAMS = { stdin: 'input', stdout: 'output', stderr: 'error', tty: 'tty' } as const;

/** Splices, or translates what the original translates: WebSocket v5 commands and tunnelled port-forwards become SPDY. */
export function podStream(stream: Stream, options: PodStreamOptions): ConnectHandler {
  return async (request, upgrade) => {
    const target = podTarget(options.objects, request);
    const container = stream === 'portforward' ? '' : containerOf(target, request.query.get('container'));
    if (target.node === '') throw badRequest(`pod ${target.name} does not have a host assigned`);
    const { host, port } = kubeletLocation(options.objects, target.node, options.credentials().preferredAddressTypes);
    if (upgrade === undefined) throw badRequest('Upgrade request required');
    await checkWebSocketAccess(request, upgrade, options.authorize);
    const path = [
      stream === 'portforward' ? 'portForward' : stream,
      target.namespace,
      target.name,
      ...(container === '' ? [] : [container]),
    ];
    const backend: ProxyTarget = {
      url: urlOf('https', host, port, `/${path.map(encodeURIComponent).join('/')}${queryOf(stream, request.query)}`),
      tls: backendTls(options.credentials()),
    };
    try {
      await pass(stream, request, upgrade, backend);
    } catch (error) {
      if (error instanceof BackendError)
        throw failure(500, '', error.kind === 'dial' ? `error dialing backend: ${error.message}` : error.message);
      throw error;
    }
  };
}

async function pass(stream: Stream, request: ApiRequest, upgrade: UpgradeExchange, backend: ProxyTarget): Promise<void> {
  const offered = protocolsOf(upgrade);
  if (stream === 'portforward') {
    if (offered.some((protocol) => protocol.startsWith('SPDY/3.1+'))) await tunnelPortForward(upgrade, backend);
    else await proxyUpgrade(upgrade, backend);
    return;
  }
  if (!offered.includes('v5.channel.k8s.io')) {
    await proxyUpgrade(upgrade, backend);
    return;
  }
  const wants = (name: keyof typeof COMMAND_STREAMS): boolean => isTrue(request.query.get(name));
  await translateCommand(upgrade, backend, {
    stdin: wants('stdin'),
    stdout: wants('stdout'),
    stderr: wants('stderr') && !wants('tty'),
    tty: wants('tty'),
  });
}

/** A WebSocket is a GET, which asks for less than the POST of the same stream: it needs `create` too (KEP-2862's companion gate of 1.35). */
async function checkWebSocketAccess(request: ApiRequest, upgrade: UpgradeExchange, authorize: Authorizer): Promise<void> {
  if (upgrade.request.headers.upgrade?.toLowerCase() !== 'websocket' || upgrade.method !== 'GET') return;
  const decision = await authorize(attributesOf(request.user, { ...request.info, verb: 'create' }));
  if (decision.decision !== 'allow') throw forbidden(resources.pods, request.info.name, decision.reason);
}

function protocolsOf(upgrade: UpgradeExchange): string[] {
  if (upgrade.request.headers.upgrade?.toLowerCase() !== 'websocket') return [];
  const header = upgrade.request.headers['sec-websocket-protocol'];
  return header === undefined ? [] : header.split(',').map((protocol) => protocol.trim());
}

/** The kubelet's names for the API's parameters. */
function queryOf(stream: Stream, asked: URLSearchParams): string {
  const query = new URLSearchParams();
  if (stream === 'portforward') {
    const ports = asked.getAll('ports').flatMap((text) => text.split(','));
    if (ports.length > 0) query.set('port', ports.join(','));
  } else {
    for (const [name, theirs] of Object.entries(COMMAND_STREAMS)) if (isTrue(asked.get(name))) query.set(theirs, '1');
    if (stream === 'exec') for (const part of asked.getAll('command')) query.append('command', part);
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

const isTrue = (value: string | null): boolean => value !== null && value !== 'false' && value !== '0';
