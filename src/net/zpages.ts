/** `/statusz` and `/flagz` (apiserver `pkg/server/zpages`, component-base `zpages`, 1.36). */
import { stringifyYaml } from '../api/yaml.ts';
import { goJson } from './go-text.ts';
import type { Exchange } from './http.ts';
import { sendText } from './respond.ts';

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

const MESSAGE = 'only the following media types are accepted: application/json, application/yaml, text/plain';
const REFUSAL = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: MESSAGE, reason: 'NotAcceptable', code: 406 };

/** What `/statusz` tells of a program. */
export interface ProgramStatus {
  /** `kubelet`. */
  readonly component: string;
  /** ms since 1970. */
  readonly startedAt: number;
  readonly now: number;
  /** `1.36.3`. */
  readonly version: string;
  readonly paths: readonly string[];
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Answers with versions, start and running time. */
export function sendStatusz(exchange: Exchange, status: ProgramStatus): void {
  const { component, startedAt, now, version, paths } = status;
  const uptimeSeconds = Math.floor((now - startedAt) / 1000);
  // Readers look for a runtime's version here; this one is Node's.
  const goVersion = `node${process.versions.node}`;
  const emulationVersion = version.split('.').slice(0, 2).join('.');
  const two = (n: number): string => String(n).padStart(2, '0');
  const up = `${Math.floor(uptimeSeconds / 3600)} hr ${two(Math.floor(uptimeSeconds / 60) % 60)} min ${two(uptimeSeconds % 60)} sec`;
  const startTime = new Date(startedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  sendPage(exchange, {
    kind: 'Statusz',
    component,
    text: () =>
      `\n${component} statusz\n${WARNING}\n\nStarted: ${unixDate(new Date(startedAt))}\nUp: ${up}\nGo version: ${goVersion}\n` +
      `Binary version: ${version}\nEmulation version: ${emulationVersion}\nPaths: ${paths.join(' ')}\n`,
    fields: () => ({ startTime, uptimeSeconds, goVersion, binaryVersion: version, emulationVersion, paths }),
  });
}

/** Answers with the flags and their values. */
export function sendFlagz(exchange: Exchange, component: string, flags: Readonly<Record<string, string>>): void {
  const lines = Object.entries(flags).map(([name, value]) => `${name}:${value}\n`);
  sendPage(exchange, {
    kind: 'Flagz',
    component,
    text: () => `\n${component} flagz\n${WARNING}\n${lines.join('')}`,
    fields: () => ({ flags }),
  });
}

/** Go's `time.UnixDate` in UTC. */
function unixDate(date: Date): string {
  const clock = date.toISOString().slice(11, 19);
  return `${DAYS[date.getUTCDay()]} ${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, ' ')} ${clock} UTC ${date.getUTCFullYear()}`;
}

interface Page {
  /** `Statusz`. */
  readonly kind: string;
  readonly component: string;
  readonly text: () => string;
  /** The fields of the object after kind, apiVersion and metadata. */
  readonly fields: () => Record<string, unknown>;
}

interface Accepted {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
}

/** What is answered as text; a lone star is read as all, as Go's header parser does. */
const ANY_TEXT: ReadonlySet<string> = new Set(['text/plain', 'text/*', '*/*', '*']);

/** Answers a page as text, or as an object when the client names its group, version and kind. */
function sendPage(exchange: Exchange, page: Page): void {
  const accept = exchange.request.headers.accept || '*/*';
  const clauses = accept.split(',').map(clause);
  for (const { type, params } of clauses) {
    if (ANY_TEXT.has(type) && Object.keys(params).every((key) => key === 'charset' || key === 'q')) {
      sendText(exchange, 200, page.text());
      return;
    }
    const version = params['v'];
    const structured = params['g'] === 'config.k8s.io' && params['as'] === page.kind && (version === 'v1beta1' || version === 'v1alpha1');
    if (!structured || (type !== 'application/json' && type !== 'application/yaml')) continue;
    const object = { kind: page.kind, apiVersion: `config.k8s.io/${version}`, metadata: { name: page.component }, ...page.fields() };
    const warning = `299 - "This version of the ${page.kind.toLowerCase()} endpoint is deprecated. Please use a newer version."`;
    const headers = {
      'Content-Type': `${type};g=config.k8s.io;v=${version};as=${page.kind}`,
      ...(version === 'v1alpha1' && { Warning: warning }),
    };
    sendText(exchange, 200, type === 'application/json' ? `${goJson(object)}\n` : stringifyYaml(object), headers);
    return;
  }
  refuse(
    exchange,
    clauses.map(({ type }) => type),
  );
}

/** The refusal itself is negotiated: JSON, YAML, or indented JSON for those who accept neither. */
function refuse(exchange: Exchange, types: readonly string[]): void {
  if (types.some((type) => type === 'application/json' || type === 'application/*'))
    sendText(exchange, 406, `${goJson(REFUSAL)}\n`, { 'Content-Type': 'application/json' });
  else if (types.includes('application/yaml')) sendText(exchange, 406, stringifyYaml(REFUSAL), { 'Content-Type': 'application/yaml' });
  else sendText(exchange, 406, JSON.stringify(REFUSAL, undefined, 2), { 'Content-Type': 'application/json' });
}

function clause(text: string): Accepted {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const params = rest.flatMap((part): [string, string][] => {
    const at = part.indexOf('=');
    return at < 0 ? [] : [[part.slice(0, at).toLowerCase(), part.slice(at + 1)]];
  });
  return { type, params: Object.fromEntries(params) };
}
