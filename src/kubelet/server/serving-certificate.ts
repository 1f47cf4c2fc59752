/** The certificate of the secure port: the configured files, or a self-signed pair in the certificate directory (client-go `util/cert`). */
import { basename, dirname, join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createCertificateAuthority, issueCertificate, parseCertificate, pemCertificates } from '../../auth/x509/x509.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { watchDirectory } from '../../util/watch-directory.ts';
import { ConfigError, type KubeletConfiguration } from '../config.ts';
import type { ServingCertificate } from './server.ts';

/** How often the files are read when no change is told. */
const POLL_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

export interface ServingCertificateOptions {
  readonly config: Pick<KubeletConfiguration, 'tlsCertFile' | 'tlsPrivateKeyFile'>;
  /** Where a pair is made when none is configured: `kubelet.crt` and `kubelet.key`. */
  readonly certDir: string;
  /** Names of a pair that is made; the first is its common name. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly host: Host;
  readonly log: Logger;
  /** Called with the new pair when the files have changed and fit together. */
  readonly onChange: (certificate: ServingCertificate) => void;
}

export interface ServingCertificateHandle {
  readonly current: ServingCertificate;
  /** The files in use, for `/configz`. */
  readonly files: { readonly tlsCertFile: string; readonly tlsPrivateKeyFile: string };
  close(): void;
}

/** Reads the pair, or makes it once, and watches the files. Rejects when configured files cannot be read or do not fit together. */
export async function servingCertificate(options: ServingCertificateOptions): Promise<ServingCertificateHandle> {
  const { config, certDir, host, log, onChange } = options;
  const configured = config.tlsCertFile !== '';
  const files = configured
    ? { tlsCertFile: config.tlsCertFile, tlsPrivateKeyFile: config.tlsPrivateKeyFile }
    : { tlsCertFile: join(certDir, 'kubelet.crt'), tlsPrivateKeyFile: join(certDir, 'kubelet.key') };
  const read = async (): Promise<ServingCertificate> => {
    const [cert, key] = await Promise.all([
      host.files.readFile(files.tlsCertFile, 'utf8'),
      host.files.readFile(files.tlsPrivateKeyFile, 'utf8'),
    ]);
    // Throws when the key is not the certificate's.
    createSecureContext({ cert, key });
    return { cert, key };
  };
  const unusable = (error: unknown): never => {
    throw new ConfigError(`cannot use the serving certificate ${files.tlsCertFile}: ${errorText(error)}`);
  };
  let current = configured
    ? await read().catch(unusable)
    : await read()
        .then(fresh)
        .catch(() => makePair(options, files));
  /** A pair of its own making that is about to end is made anew; configured files are their owner's affair. */
  function fresh(pair: ServingCertificate): ServingCertificate {
    const [leaf] = pemCertificates(pair.cert);
    if (leaf === undefined || parseCertificate(leaf).notAfter < host.clock.now() + DAY_MS) throw new Error('it ends too soon');
    return pair;
  }
  const look = async (): Promise<void> => {
    try {
      const next = await read();
      if (next.cert === current.cert && next.key === current.key) return;
      current = next;
      log.info('Serving certificate changed', { file: files.tlsCertFile });
      onChange(next);
    } catch (error) {
      // Certificate and key are written one after the other: between the two they do not fit.
      log.v(2, 'Serving certificate cannot be used; the old one stays', { file: files.tlsCertFile, err: errorText(error) });
    }
  };
  const timer = host.clock.every(POLL_MS, () => void look());
  const names = new Set(Object.values(files).map((file) => basename(file)));
  const onEntry = (name: string | null): void => {
    // Volumes swap a link `..data` under files that keep their names.
    if (name === null || names.has(name) || name.startsWith('..')) void look();
  };
  const watchers = [...new Set(Object.values(files).map((file) => dirname(file)))].map((directory) => watchDirectory(directory, onEntry));
  return {
    get current() {
      return current;
    },
    files,
    close: () => {
      timer.cancel();
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** A pair of its own authority, valid for a year; the file holds the certificate and then the authority. */
async function makePair(
  { certDir, dnsNames, ipAddresses, host, log }: ServingCertificateOptions,
  files: ServingCertificateHandle['files'],
): Promise<ServingCertificate> {
  const now = host.clock.now();
  const name = (dnsNames[0] ?? ipAddresses[0] ?? 'kubelet').toLowerCase();
  const seconds = Math.floor(now / 1000);
  const ca = createCertificateAuthority({ commonName: `${name}-ca@${seconds}`, now, years: 1 });
  const { cert, key } = issueCertificate({
    ca,
    subject: { commonName: `${name}@${seconds}` },
    dnsNames,
    ipAddresses,
    usages: ['serverAuth'],
    notBefore: now - HOUR_MS,
    notAfter: now + YEAR_MS,
  });
  await host.files.mkdir(certDir, { recursive: true });
  await host.files.writeFile(files.tlsPrivateKeyFile, key, { mode: 0o600 });
  await host.files.writeFile(files.tlsCertFile, `${cert}${ca.cert}`, { mode: 0o644 });
  log.info('Made a self-signed serving certificate', { file: files.tlsCertFile, dnsNames, ipAddresses });
  return { cert: `${cert}${ca.cert}`, key };
}
