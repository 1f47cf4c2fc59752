/**
 * Certificates from the cluster's authority, to serve with (`serverTLSBootstrap`) and to ask with (`rotateCertificates`): requested, waited for, kept and renewed
 * (client-go `util/certificate/certificate_manager.go`, kubelet `certificate/kubelet.go`).
 */
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { resources } from '../../api/resources.ts';
import type { ObjectOf } from '../../api/types.ts';
import {
  createCertificateRequest,
  createPrivateKeyPem,
  parseCertificate,
  pemBlocks,
  pemCertificates,
  toPem,
} from '../../auth/x509/x509.ts';
import type { KubeClient } from '../../client/kube-client.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import type { RenewalObserver } from '../stats/certificate-metrics.ts';
import type { ServingCertificate } from './server.ts';

export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';

/** What a certificate is for. */
export interface CertificatePurpose {
  /** As it is called in the log. */
  readonly called: string;
  readonly signer: string;
  readonly usages: readonly string[];
  /** Where certificate and key are kept, in one file, as the original keeps them. */
  readonly file: string;
}
const SERVING: CertificatePurpose = {
  called: 'Serving certificate',
  signer: KUBELET_SERVING,
  usages: ['digital signature', 'server auth'],
  file: 'kubelet-server-current.pem',
};
export const CLIENT: CertificatePurpose = {
  called: 'Client certificate',
  signer: KUBELET_CLIENT,
  usages: ['digital signature', 'client auth'],
  file: 'kubelet-client-current.pem',
};
const WAIT_MS = 15 * 60_000;
const FIRST_RETRY_MS = 2_000;
const MAX_RETRY_MS = 32_000;
/** How often names, age and the request are looked at when nothing is told. */
const CHECK_MS = 10_000;
const WATCH_PAUSE_MS = 1_000;
/** A certificate is renewed when this share of its life is over, or up to `SPREAD` later, so that nodes do not come together. */
const RENEW_AT = 0.7;
const SPREAD = 0.2;

export interface RequestedCertificateOptions {
  /** To serve with, if absent. */
  readonly purpose?: CertificatePurpose;
  /** What is kept is not looked at: it may be of another cluster. */
  readonly anew?: boolean;
  /** Stands until one is granted, where none is kept. */
  readonly initial?: ServingCertificate | undefined;
  readonly client: KubeClient;
  readonly nodeName: string;
  /** The names that the certificate must carry now; asked again and again. */
  readonly names: () => { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] };
  readonly certDir: string;
  readonly host: Host;
  readonly log: Logger;
  /** Called with each new certificate. */
  readonly onChange: (certificate: ServingCertificate) => void;
  /** Between 0 and 1; where in the spread this node renews. */
  readonly random?: () => number;
  readonly observer?: RenewalObserver;
}

export interface RequestedCertificateHandle {
  /** Undefined until the first request is granted: handshakes fail so long. */
  readonly current: ServingCertificate | undefined;
  close(): Promise<void>;
}

/** Uses the certificate that is kept, and keeps one that is good. Never rejects: what fails is logged and tried again. */
export async function requestedCertificate(options: RequestedCertificateOptions): Promise<RequestedCertificateHandle> {
  const { certDir, host, log } = options;
  const { clock } = host;
  const stopping = new AbortController();
  const { called, file: base } = options.purpose ?? SERVING;
  const file = join(certDir, base);
  let current = (options.anew === true ? undefined : await readKept(host, file)) ?? options.initial;
  const deadline = renewal(options.random ?? Math.random);

  async function renew(): Promise<void> {
    const next = await request(options, stopping.signal);
    if (next === undefined) return;
    await host.files.mkdir(certDir, { recursive: true });
    await host.files.writeFile(`${file}.new`, next.cert + next.key, { mode: 0o600 });
    await host.files.rename(`${file}.new`, file);
    if (current !== undefined) options.observer?.rotated(current.cert);
    current = next;
    log.info(`${called} granted`, { file, until: new X509Certificate(next.cert).validTo });
    options.onChange(next);
  }

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      if (current !== undefined && clock.now() < deadline(current) && carries(current, options.names())) {
        await clock.sleep(CHECK_MS, stopping.signal);
        continue;
      }
      try {
        await renew();
        retryMs = FIRST_RETRY_MS;
      } catch (error) {
        if (stopping.signal.aborted) return;
        options.observer?.failed();
        log.error(`${called} could not be had`, { err: errorText(error), retryMs });
        await clock.sleep(retryMs, stopping.signal);
        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      }
    }
  }

  const running = run();
  return {
    get current() {
      return current;
    },
    async close() {
      stopping.abort();
      await running;
    },
  };
}

/** When a certificate is to be renewed, in ms since 1970: chosen once for each. */
function renewal(random: () => number): (certificate: ServingCertificate) => number {
  const chosen = new WeakMap<ServingCertificate, number>();
  return (certificate) => {
    const known = chosen.get(certificate);
    if (known !== undefined) return known;
    const { notBefore, notAfter } = leafOf(certificate.cert);
    const at = notBefore + (notAfter - notBefore) * (RENEW_AT + SPREAD * random());
    chosen.set(certificate, at);
    return at;
  };
}

function carries({ cert }: ServingCertificate, { dnsNames, ipAddresses }: ReturnType<RequestedCertificateOptions['names']>): boolean {
  const leaf = leafOf(cert);
  return dnsNames.every((name) => leaf.dnsNames.includes(name)) && ipAddresses.every((address) => leaf.ipAddresses.includes(address));
}

function leafOf(pem: string): ReturnType<typeof parseCertificate> {
  const [der] = pemCertificates(pem);
  if (der === undefined) throw new Error('no certificate in PEM');
  return parseCertificate(der);
}

async function readKept(host: Host, file: string): Promise<ServingCertificate | undefined> {
  const text = await host.files.readFile(file, 'utf8').catch(() => '');
  try {
    const blocks = pemBlocks(text);
    const pem = (key: boolean): string =>
      blocks
        .filter(({ label }) => label.endsWith('PRIVATE KEY') === key)
        .map(({ label, der }) => toPem(label, der))
        .join('');
    const pair = { cert: pem(false), key: pem(true) };
    createSecureContext(pair);
    return leafOf(pair.cert).notAfter > host.clock.now() ? pair : undefined;
  } catch {
    return undefined;
  }
}

type SigningRequest = ObjectOf<'certificates/v1.CertificateSigningRequest'>;

/** Asks once and waits for the answer. Rejects when it is refused or does not come; undefined when it is stopped, or has no names to ask for. */
async function request(
  { client, nodeName, names, host, log, purpose = SERVING }: RequestedCertificateOptions,
  stop: AbortSignal,
): Promise<ServingCertificate | undefined> {
  const { dnsNames, ipAddresses } = names();
  const key = createPrivateKeyPem();
  const pem = createCertificateRequest({
    key,
    subject: { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
    dnsNames,
    ipAddresses,
  });
  const created = await client.create(
    resources['certificatesigningrequests.certificates.k8s.io'],
    {
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { generateName: 'csr-' },
      spec: {
        request: Buffer.from(pem).toString('base64'),
        signerName: purpose.signer,
        usages: [...purpose.usages],
      },
    },
    { signal: stop },
  );
  const { name } = created.metadata;
  log.info(`${purpose.called} requested; it must be approved`, { csr: name, dnsNames, ipAddresses });
  const until = host.clock.monotonic() + WAIT_MS;
  while (!stop.aborted) {
    if (host.clock.monotonic() > until) throw new Error(`certificate request ${name} was not approved in time`);
    const cert = await granted(client, name, stop);
    if (cert !== undefined) {
      createSecureContext({ cert, key });
      return { cert, key };
    }
    await host.clock.sleep(WATCH_PAUSE_MS, stop);
  }
  return undefined;
}

/** The certificate of a request; waits while the watch lasts, at most `CHECK_MS`. */
async function granted(client: KubeClient, name: string, stop: AbortSignal): Promise<string | undefined> {
  const resource = resources['certificatesigningrequests.certificates.k8s.io'];
  const signal = AbortSignal.any([stop, AbortSignal.timeout(CHECK_MS)]);
  try {
    // From no revision on, a watch begins with the object as it is.
    for await (const event of client.watch(resource, { fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type === 'BOOKMARK') continue;
      if (event.type === 'DELETED') throw new RefusedError(`certificate request ${name} was deleted`);
      const cert = certificateOf(name, event.object);
      if (cert !== undefined) return cert;
    }
  } catch (error) {
    if (error instanceof RefusedError || !signal.aborted) throw error;
  }
  return undefined;
}

/** The request can no longer be granted. */
class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

function certificateOf(name: string, { status }: SigningRequest): string | undefined {
  const refused = (status?.conditions ?? []).find(({ type }) => type === 'Denied' || type === 'Failed');
  if (refused !== undefined)
    throw new RefusedError(
      `certificate request ${name} is ${refused.type.toLowerCase()}: ${refused.reason ?? ''} ${refused.message ?? ''}`.trim(),
    );
  return status?.certificate === undefined || status.certificate === '' ? undefined : Buffer.from(status.certificate, 'base64').toString();
}
