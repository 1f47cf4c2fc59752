/** Serves the aggregated form of discovery to clients that ask for it, with an ETag to spare them the body. */
import { createHash } from 'node:crypto';
import type { Exchange } from '../../net/http.ts';
import { sendEmpty } from '../../net/respond.ts';
import { parseAccept } from '../http/negotiate.ts';
import { sendBody } from '../http/send.ts';

type Version = 'v2' | 'v2beta1';

interface Ready {
  readonly body: Buffer;
  readonly etag: string;
}

/** Makes the handler of one path: it answers and returns true when the client takes the aggregated form. */
export function aggregatedEndpoint(make: (version: Version) => object): (exchange: Exchange) => Promise<boolean> {
  const ready = new Map<Version, Ready>();
  const of = (version: Version): Ready => {
    let found = ready.get(version);
    if (!found) {
      const body = Buffer.from(`${JSON.stringify(make(version))}\n`);
      found = { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` };
      ready.set(version, found);
    }
    return found;
  };
  return async (exchange) => {
    const version = askedVersion(exchange.request.headers.accept);
    if (!version) return false;
    const { body, etag } = of(version);
    exchange.response.setHeader('Cache-Control', 'public');
    if (exchange.request.headers['if-none-match'] === etag) {
      // A Content-Type here would replace that of the body which the client keeps.
      sendEmpty(exchange, 304, { ETag: etag, Vary: 'Accept' });
      return true;
    }
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    await sendBody(exchange, 200, body, { 'Content-Type': type, ETag: etag, Vary: 'Accept' });
    return true;
  };
}

/** The first version that is served, unless the client would rather have the plain form. */
function askedVersion(accept: string | undefined): Version | undefined {
  for (const { media, parameters } of parseAccept(accept)) {
    if (media !== 'application/json') {
      if (media === '*/*' || media === 'application/*') return undefined;
      continue;
    }
    const version = parameters.get('v');
    if (parameters.get('as') !== 'APIGroupDiscoveryList') return undefined;
    if (parameters.get('g') === 'apidiscovery.k8s.io' && (version === 'v2' || version === 'v2beta1')) return version;
  }
  return undefined;
}
