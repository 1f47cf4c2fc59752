/** Static pods from a URL (kubernetes `pkg/kubelet/config/http.go`). */
import http from 'node:http';
import https from 'node:https';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { NodePod } from '../pods/pod.ts';
import type { PodSource } from './api-source.ts';
import { MAX_MANIFEST_BYTES, readManifest } from './manifest.ts';

export interface UrlSourceOptions {
  readonly host: Host;
  readonly log: Logger;
  readonly url: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly nodeName: string;
  readonly everyMs: number;
  /** The whole set that the answer asks for. */
  readonly changed: (pods: readonly NodePod[]) => void;
}

const TIMEOUT_MS = 10_000;

export function startUrlSource(options: UrlSourceOptions): PodSource {
  const { host, log, url, nodeName, everyMs, changed } = options;
  const stopping = new AbortController();
  let last: string | undefined;
  let markSynced: () => void = () => undefined;
  const synced = new Promise<void>((resolve) => (markSynced = resolve));

  async function read(): Promise<void> {
    const text = await fetchManifest(options, stopping.signal);
    if (text === '') {
      // A source that answers with nothing wants nothing, and has spoken.
      if (last !== '') changed([]);
      last = '';
      markSynced();
      throw new Error(`zero-length data received from ${url}`);
    }
    if (text === last) return;
    const pods = readManifest(text, { nodeName, kind: 'url', location: url });
    last = text;
    changed(pods);
    markSynced();
  }
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (!stopping.signal.aborted) log.error('Static pods could not be read', { url, err: errorText(error) });
      }
      await host.clock.sleep(everyMs, stopping.signal);
    }
  }
  void loop();
  return { synced, close: () => stopping.abort() };
}

function fetchManifest({ url, headers }: UrlSourceOptions, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const sent = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, [...values]]));
    const request = (url.startsWith('https:') ? https : http).get(url, { headers: sent, signal: deadline, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_MANIFEST_BYTES) response.destroy(new Error(`the answer is longer than ${MAX_MANIFEST_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status === 200) resolve(Buffer.concat(chunks).toString('utf8'));
        else reject(new Error(`${url}: ${status} ${response.statusMessage ?? ''}`.trim()));
      });
    });
    request.on('error', reject);
  });
}
