/** TLS settings of the configuration in Go's names (component-base `cli/flag/ciphersuites_flag.go`), and what Node calls them. */

/** Names of the IANA registry, as Go uses them, and OpenSSL's name for each. TLS 1.3 suites cannot be chosen in Go; they are accepted. */
const CIPHERS: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
};

/** Suites that Go calls insecure and still serves, and OpenSSL no longer has. */
const GONE: ReadonlySet<string> = new Set([
  'TLS_RSA_WITH_RC4_128_SHA',
  'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_RSA_WITH_RC4_128_SHA',
  'TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA',
]);

/** Of these HTTP/2 needs one, or Go's server does not listen (net/http2 `ConfigureServer`). */
const HTTP2_NEEDS = ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'];

/** Go's numbers of key exchange groups (crypto/tls `CurveID`) and OpenSSL's names; empty for those that not every OpenSSL has. */
const CURVES: Readonly<Record<number, string>> = {
  23: 'P-256',
  24: 'P-384',
  25: 'P-521',
  29: 'X25519',
  4587: '',
  4588: '',
  4589: '',
};

/** OpenSSL's names for the groups that it has, with colons between; empty when none are named. */
export function curveList(ids: readonly number[]): string {
  return ids
    .map((id) => CURVES[id] ?? '')
    .filter((name) => name !== '')
    .join(':');
}

/** What is wrong with the TLS settings, in the original's words. */
export function tlsProblems(settings: TlsSettings): string[] {
  const { tlsMinVersion, tlsCipherSuites, tlsCurvePreferences } = settings;
  if (tlsMinVersion !== '' && tlsVersion(tlsMinVersion) === undefined) return [`unknown tls version ${JSON.stringify(tlsMinVersion)}`];
  const problems = tlsCipherSuites
    .filter((name) => !Object.hasOwn(CIPHERS, name) && !GONE.has(name))
    .map((name) => `Cipher suite ${name} not supported or doesn't exist`);
  const chosen = tlsCipherSuites.length > 0 && tlsVersion(tlsMinVersion) !== 'TLSv1.3';
  if (problems.length === 0 && chosen && !tlsCipherSuites.some((name) => HTTP2_NEEDS.includes(name))) {
    problems.push(
      `http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of ${HTTP2_NEEDS.join(' or ')})`,
    );
  }
  const unknown = tlsCurvePreferences.filter((id) => CURVES[id] === undefined);
  return [...problems, ...unknown.map((id) => `curve preference ${id} is not supported by the current Go version`)];
}

/** The part of a configuration that this is about. */
export interface TlsSettings {
  readonly tlsMinVersion: string;
  readonly tlsCipherSuites: readonly string[];
  readonly tlsCurvePreferences: readonly number[];
}

/** OpenSSL's cipher string for suites in Go's names; empty when none are named. */
export function cipherList(names: readonly string[]): string {
  return names.flatMap((name) => (Object.hasOwn(CIPHERS, name) ? [CIPHERS[name] ?? ''] : [])).join(':');
}

const VERSIONS: Readonly<Record<string, 'TLSv1.2' | 'TLSv1.3'>> = {
  // Node's OpenSSL refuses what is older than 1.2 at its security level, so these mean 1.2 here.
  VersionTLS10: 'TLSv1.2',
  VersionTLS11: 'TLSv1.2',
  VersionTLS12: 'TLSv1.2',
  VersionTLS13: 'TLSv1.3',
};

/** Node's name of a version; undefined for a name that Go does not know. */
export function tlsVersion(name: string): 'TLSv1.2' | 'TLSv1.3' | undefined {
  return Object.hasOwn(VERSIONS, name) ? VERSIONS[name] : undefined;
}
