import { BackendError, upgradeBackend, type ProxyTarget } from '../backend.ts';
import { headerHas } from '../go-text.ts';
import { openSpdy, type SpdyConnection } from '../spdy/connection.ts';

const PING_EVERY = 5_000;
/** Bytes of a refusal's body that are read for the error text. */
const MAX_REFUSAL = 64 * 1024;

/**
 * Opens a SPDY connection to a kubelet or a CRI streaming server, offering the protocols most preferred first. Rejects with
 * `BackendError`; a refusal reads `unable to upgrade connection: <what it said>`.
 */
export async function connectSpdy(
  target: ProxyTarget,
  protocols: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly connection: SpdyConnection; readonly protocol: string }> {
  const headers = { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'Content-Length': '0', 'X-Stream-Protocol-Version': [...protocols] };
  const answer = await upgradeBackend(target, 'POST', headers, signal);
  if (answer.kind === 'answered' || !headerHas(answer.response.headers.upgrade, 'spdy/3.1')) {
    const text = answer.kind === 'answered' ? await shortBody(answer.response) : '';
    if (answer.kind === 'upgraded') answer.socket.destroy();
    throw new BackendError('answer', statusMessage(text) ?? `unable to upgrade connection: ${text.trim()}`);
  }
  const protocol = String(answer.response.headers['x-stream-protocol-version'] ?? 'channel.k8s.io');
  if (!protocols.includes(protocol)) {
    answer.socket.destroy();
    throw new BackendError(
      'answer',
      `unable to negotiate protocol: client supports ${JSON.stringify(protocols)}, server returned ${JSON.stringify(protocol)}`,
    );
  }
  if (answer.head.length > 0) answer.socket.unshift(answer.head);
  return { connection: openSpdy(answer.socket, { role: 'client', pingEveryMs: PING_EVERY }), protocol };
}

async function shortBody(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_REFUSAL) break;
    }
  } catch {
    // What arrived before the cut is all there is to say.
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_REFUSAL);
}

/** The message of a `Status` in JSON; null when the text is none. */
function statusMessage(text: string): string | null {
  try {
    const value: unknown = JSON.parse(text);
    const isStatus = typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'message' in value;
    return isStatus && typeof value.message === 'string' ? value.message : null;
  } catch {
    return null;
  }
}
