/** The authorities of client certificates, read from a file and read again when it changes (apiserver `dynamiccertificates`). */
import { basename, dirname } from 'node:path';
import { pemCertificates } from '../../auth/x509/x509.ts';
import type { Host } from '../../util/host.ts';
import { errorText, type Logger } from '../../util/log.ts';
import { watchDirectory } from '../../util/watch-directory.ts';

/** How often the file is read when no change is told. */
const POLL_MS = 60_000;

export interface ClientCA {
  /** PEM of the authorities as last read. */
  current(): string;
  close(): void;
}

/** Reads the file and watches it. A new file that has no certificate is logged and the old one stays. Rejects when the first cannot be used. */
export async function watchClientCA(file: string, host: Host, log: Logger, onChange: (pem: string) => void): Promise<ClientCA> {
  let current = await readAuthorities(host, file);
  let closed = false;
  const look = async (): Promise<void> => {
    try {
      const next = await readAuthorities(host, file);
      if (closed || next === current) return;
      current = next;
      log.info('Client certificate authorities changed', { file });
      onChange(next);
    } catch (error) {
      log.error('Client certificate authorities cannot be read; the old ones stay', { file, err: errorText(error) });
    }
  };
  const timer = host.clock.every(POLL_MS, () => void look());
  const watcher = watchDirectory(dirname(file), (name) => {
    // Volumes swap a link `..data` under files that keep their names.
    if (name === null || name === basename(file) || name.startsWith('..')) void look();
  });
  return {
    current: () => current,
    close: () => {
      closed = true;
      timer.cancel();
      watcher.close();
    },
  };
}

async function readAuthorities(host: Host, file: string): Promise<string> {
  const pem = await host.files.readFile(file, 'utf8');
  if (pem.trim() === '') throw new Error(`missing content for CA bundle "client-ca-bundle::${file}"`);
  if (pemCertificates(pem).length === 0) throw new Error(`${file} has no certificate in PEM`);
  return pem;
}
