/** How a registry says what it wants to see (RFC 9110 §11.6.1, containerd `remotes/docker/auth/parse.go`). */

export interface Challenge {
  readonly scheme: 'bearer' | 'basic';
  readonly parameters: Readonly<Record<string, string>>;
}

/** Characters of a header that are looked at. */
const MAX_HEADER = 8192;
const SCHEME = /\s*,?\s*([A-Za-z]+)(?=\s|,|$)\s*/y;
const PARAMETER = /\s*,?\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/y;

/** Challenges of a `WWW-Authenticate` header that are understood, bearer before basic. */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_HEADER);
  const found: Challenge[] = [];
  let at = 0;
  while (at < text.length) {
    SCHEME.lastIndex = at;
    const scheme = SCHEME.exec(text);
    if (!scheme?.[1]) break;
    at = SCHEME.lastIndex;
    const parameters: Record<string, string> = {};
    for (;;) {
      PARAMETER.lastIndex = at;
      const parameter = PARAMETER.exec(text);
      if (!parameter?.[1]) break;
      parameters[parameter[1].toLowerCase()] = parameter[2]?.replace(/\\(.)/g, '$1') ?? parameter[3] ?? '';
      at = PARAMETER.lastIndex;
    }
    const word = scheme[1].toLowerCase();
    if (word === 'bearer' || word === 'basic') found.push({ scheme: word, parameters });
  }
  return found.toSorted((a, b) => (a.scheme === b.scheme ? 0 : a.scheme === 'bearer' ? -1 : 1));
}
