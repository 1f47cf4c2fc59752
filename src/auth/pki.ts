/**
 * The certificates and keys that a one-node cluster needs, kept as PEM files in one folder under
 * kubeadm's names (kubeadm `phases/certs`), made when missing and renewed when they no longer fit.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Files } from '../util/host.ts';
import { errorText } from '../util/log.ts';
import {
  type Certificate,
  type CertificateAndKey,
  createCertificateAuthority,
  createPrivateKeyPem,
  issueCertificate,
  parseCertificate,
  pemCertificates,
  type SubjectName,
  type Usage,
} from './x509/x509.ts';
import { certificatePool, verifyIssued } from './x509/verify.ts';

export interface PkiOptions {
  /** DNS names of this machine and of the API's Service, for the serving certificates. */
  readonly hostnames: readonly string[];
  readonly ips: readonly string[];
  readonly nodeName: string;
  readonly files: Files;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A certificate with its key: PEM texts and the files that hold them. */
export interface PkiPair extends CertificateAndKey {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Pki extends Readonly<Record<LeafName, PkiPair>> {
  readonly ca: PkiPair;
  /** The key that signs ServiceAccount tokens (RSA 2048, PEM). */
  readonly serviceAccount: { readonly key: string; readonly pub: string; readonly keyFile: string; readonly pubFile: string };
  /** Files that this call wrote, by base name. */
  readonly written: readonly string[];
}

/** One certificate under the authority: its file's base name, who it speaks for and what for. */
interface Leaf {
  readonly file: string;
  readonly subject: (nodeName: string) => SubjectName;
  readonly usages: readonly Usage[];
  readonly serving?: true;
}

const node = (name: string): SubjectName => ({ commonName: `system:node:${name}`, organizations: ['system:nodes'] });
const user =
  (commonName: string, ...organizations: string[]) =>
  (): SubjectName => ({ commonName, organizations });
/** A controller speaks as the ServiceAccount to which the bootstrap policy binds its role. */
const controller = (name: string): (() => SubjectName) =>
  user(`system:serviceaccount:kube-system:${name}`, 'system:serviceaccounts', 'system:serviceaccounts:kube-system');

const LEAVES = {
  apiserver: { file: 'apiserver', subject: user('kube-apiserver'), usages: ['serverAuth'], serving: true },
  apiserverKubeletClient: { file: 'apiserver-kubelet-client', subject: user('kube-apiserver-kubelet-client'), usages: ['clientAuth'] },
  kubelet: { file: 'kubelet', subject: node, usages: ['serverAuth'], serving: true },
  kubeletClient: { file: 'kubelet-client', subject: node, usages: ['clientAuth'] },
  scheduler: { file: 'scheduler', subject: user('system:kube-scheduler'), usages: ['clientAuth'] },
  controllerManager: { file: 'controller-manager', subject: user('system:kube-controller-manager'), usages: ['clientAuth'] },
  serviceAccountController: {
    file: 'service-account-controller',
    subject: controller('service-account-controller'),
    usages: ['clientAuth'],
  },
  rootCaPublisher: { file: 'root-ca-cert-publisher', subject: controller('root-ca-cert-publisher'), usages: ['clientAuth'] },
  endpointController: { file: 'endpoint-controller', subject: controller('endpoint-controller'), usages: ['clientAuth'] },
  endpointSliceController: { file: 'endpointslice-controller', subject: controller('endpointslice-controller'), usages: ['clientAuth'] },
  certificateController: { file: 'certificate-controller', subject: controller('certificate-controller'), usages: ['clientAuth'] },
  nodeController: { file: 'node-controller', subject: controller('node-controller'), usages: ['clientAuth'] },
  podGarbageCollector: { file: 'pod-garbage-collector', subject: controller('pod-garbage-collector'), usages: ['clientAuth'] },
  volumeBinder: { file: 'persistent-volume-binder', subject: controller('persistent-volume-binder'), usages: ['clientAuth'] },
  claimProtection: { file: 'pvc-protection-controller', subject: controller('pvc-protection-controller'), usages: ['clientAuth'] },
  volumeProtection: { file: 'pv-protection-controller', subject: controller('pv-protection-controller'), usages: ['clientAuth'] },
  dns: { file: 'kube-dns', subject: controller('kube-dns'), usages: ['clientAuth'] },
  admin: { file: 'admin', subject: user('kubernetes-admin', 'system:masters'), usages: ['clientAuth'] },
} as const satisfies Record<string, Leaf>;

export type LeafName = keyof typeof LEAVES;

/** Every certificate under the authority, by the name that `Pki` gives it. */
export const LEAF_NAMES = Object.keys(LEAVES) as readonly LeafName[];

const DAY_MS = 24 * 60 * 60 * 1000;
const LEAF_LIFE_MS = 365 * DAY_MS;
/** A leaf is renewed when less than this is left, the authority when less than a leaf's life is. */
const RENEW_LEAF_MS = 60 * DAY_MS;
/** Certificates start a little in the past, for clocks that differ. */
const BACKDATE_MS = 60 * 60 * 1000;

/**
 * Reads the folder, makes what is missing and renews what has run out, speaks for another node or lacks an address.
 * Keys are kept. Rejects when the folder cannot be written, or holds an authority whose key is missing or another's.
 */
export async function ensurePki(dir: string, options: PkiOptions): Promise<Pki> {
  const { files } = options;
  await files.mkdir(dir, { recursive: true, mode: 0o700 });
  const written: string[] = [];
  const store: Store = {
    path: (name) => join(dir, name),
    read: (name) => readIfThere(files, join(dir, name)),
    write: async (name, text, mode) => {
      written.push(name);
      await writeWhole(files, join(dir, name), text, mode);
    },
  };
  // The RSA key is the slow part: it is made on other threads meanwhile.
  const serviceAccountKey = ensureServiceAccountKey(store);
  // Awaited below; an authority that fails first must not leave this rejection without a handler.
  serviceAccountKey.catch(() => undefined);
  const ca = await ensureAuthority(store, options);
  const leaf = (name: LeafName): Promise<PkiPair> => ensureLeaf(store, ca, LEAVES[name], options);
  const [pairs, serviceAccount] = await Promise.all([Promise.all(LEAF_NAMES.map(leaf)), serviceAccountKey]);
  const leaves = Object.fromEntries(LEAF_NAMES.map((name, i) => [name, pairs[i]])) as Record<LeafName, PkiPair>;
  return { ca, ...leaves, serviceAccount, written: written.sort() };
}

interface Store {
  path(name: string): string;
  /** Undefined when the file is missing or empty. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string, mode: number): Promise<void>;
}

async function ensureAuthority(store: Store, { now }: PkiOptions): Promise<PkiPair> {
  const [cert, key] = await Promise.all([store.read('ca.crt'), store.read('ca.key')]);
  const at = { certFile: store.path('ca.crt'), keyFile: store.path('ca.key') };
  if (cert !== undefined && key === undefined) throw new Error(`${at.certFile} is there, but its key ${at.keyFile} is not`);
  const known = cert === undefined ? undefined : certificateOf(cert);
  if (cert !== undefined && key !== undefined) {
    if (known === undefined || !known.isCA) throw new Error(`${at.certFile} is not a certificate authority in PEM`);
    const privateKey = privateKeyOf(key);
    if (privateKey === undefined || !isKeyOf(known, privateKey)) throw new Error(`${at.keyFile} is not the key of ${at.certFile}`);
    if (now < known.notAfter - LEAF_LIFE_MS) return { ...at, cert, key };
  }
  const made = createCertificateAuthority({
    commonName: known?.subject.commonName ?? 'kubernetes',
    now,
    ...(key !== undefined && { key }),
  });
  if (key === undefined) await store.write('ca.key', made.key, 0o600);
  await store.write('ca.crt', made.cert, 0o644);
  return { ...at, ...made };
}

async function ensureLeaf(store: Store, ca: CertificateAndKey, leaf: Leaf, options: PkiOptions): Promise<PkiPair> {
  const [certName, keyName] = [`${leaf.file}.crt`, `${leaf.file}.key`];
  const [cert, storedKey] = await Promise.all([store.read(certName), store.read(keyName)]);
  const at = { certFile: store.path(certName), keyFile: store.path(keyName) };
  const privateKey = storedKey === undefined ? undefined : privateKeyOf(storedKey);
  const key = privateKey && storedKey;
  const subject = leaf.subject(options.nodeName);
  const wanted = {
    subject: { commonName: subject.commonName, organizations: subject.organizations ?? [] },
    dnsNames: leaf.serving ? [...new Set([...options.hostnames, options.nodeName])].sort() : [],
    ipAddresses: leaf.serving ? [...new Set(options.ips)].sort() : [],
  };
  if (cert !== undefined && privateKey !== undefined && key !== undefined && fits(cert, privateKey, ca, wanted, options.now))
    return { ...at, cert, key };
  const issued = issueCertificate({
    ca,
    ...wanted,
    usages: leaf.usages,
    notBefore: options.now - BACKDATE_MS,
    notAfter: options.now + LEAF_LIFE_MS,
    key: key ?? createPrivateKeyPem(),
  });
  if (key === undefined) await store.write(keyName, issued.key, 0o600);
  await store.write(certName, issued.cert, 0o644);
  return { ...at, ...issued };
}

interface Wanted {
  readonly subject: { readonly commonName: string; readonly organizations: readonly string[] };
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/** Whether a certificate can stay: of this authority and key, for this subject, with all names, and not about to end. */
function fits(cert: string, key: KeyObject, ca: CertificateAndKey, wanted: Wanted, now: number): boolean {
  const known = certificateOf(cert);
  if (known === undefined || !isKeyOf(known, key)) return false;
  const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((item) => b.includes(item));
  return (
    now >= known.notBefore &&
    now < known.notAfter - RENEW_LEAF_MS &&
    known.subject.commonName === wanted.subject.commonName &&
    same(known.subject.organizations, wanted.subject.organizations) &&
    wanted.dnsNames.every((name) => known.dnsNames.includes(name)) &&
    wanted.ipAddresses.every((address) => known.ipAddresses.includes(address)) &&
    verifyIssued(certificatePool(ca.cert), known)
  );
}

async function ensureServiceAccountKey(store: Store): Promise<Pki['serviceAccount']> {
  const at = { keyFile: store.path('sa.key'), pubFile: store.path('sa.pub') };
  const stored = await store.read('sa.key');
  if (stored !== undefined && privateKeyOf(stored) === undefined) throw new Error(`${at.keyFile} is not a private key in PEM`);
  const key = stored ?? (await createRsaKey());
  const pub = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  if (stored === undefined) await store.write('sa.key', key, 0o600);
  if ((await store.read('sa.pub')) !== pub) await store.write('sa.pub', pub, 0o644);
  return { ...at, key, pub };
}

async function createRsaKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function certificateOf(pem: string): Certificate | undefined {
  const [der] = pemCertificates(pem);
  try {
    return der && parseCertificate(der);
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function isKeyOf(certificate: Certificate, key: KeyObject): boolean {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return spki.equals(Buffer.from(certificate.publicKeyDer));
}

async function readIfThere(files: Files, path: string): Promise<string | undefined> {
  try {
    const text = await files.readFile(path, 'utf8');
    return text === '' ? undefined : text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Error(`cannot read ${path}: ${errorText(error)}`, { cause: error });
  }
}

/** Writes beside and renames, so that a reader never sees half a file. */
async function writeWhole(files: Files, path: string, text: string, mode: number): Promise<void> {
  const beside = `${path}.new`;
  await files.rm(beside, { force: true });
  await files.writeFile(beside, text, { mode, flag: 'wx' });
  await files.rename(beside, path);
}
