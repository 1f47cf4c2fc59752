/** Negotiation of `/statusz` and `/flagz` (apiserver `pkg/server/zpages`, 1.36). */
import { stringifyYaml } from '../../../api/yaml.ts';
import type { Exchange } from '../../../net/http.ts';
import { sendText } from '../../../net/respond.ts';
import { goJson } from '../go-json.ts';

export const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

const MESSAGE = 'only the following media types are accepted: application/json, application/yaml, text/plain';
const REFUSAL = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: MESSAGE, reason: 'NotAcceptable', code: 406 };
/** As Go's YAML writer folds it. */
const REFUSAL_YAML =
  "apiVersion: v1\ncode: 406\nkind: Status\nmessage: 'only the following media types are accepted: application/json, application/yaml,\n  text/plain'\nmetadata: {}\nreason: NotAcceptable\nstatus: Failure\n";

interface Page {
  /** `Statusz`. */
  readonly kind: string;
  readonly text: () => string;
  /** The fields of the object after kind, apiVersion and metadata. */
  readonly fields: () => Record<string, unknown>;
}

interface Accepted {
  readonly type: string;
  readonly params: Readonly<Record<string, string>>;
}

/** Answers a page as text, or as an object when the client names its group, version and kind. */
export function sendPage(exchange: Exchange, page: Page): void {
  const accept = exchange.request.headers.accept ?? '*/*';
  const clauses = accept.split(',').map(clause);
  for (const { type, params } of clauses) {
    if ((type === 'text/plain' || type === '*/*') && Object.keys(params).every((key) => key === 'charset' || key === 'q')) {
      sendText(exchange, 200, page.text());
      return;
    }
    const version = params['v'];
    const structured = params['g'] === 'config.k8s.io' && params['as'] === page.kind && (version === 'v1beta1' || version === 'v1alpha1');
    if (!structured || (type !== 'application/json' && type !== 'application/yaml')) continue;
    const object = { kind: page.kind, apiVersion: `config.k8s.io/${version}`, metadata: { name: 'kubelet' }, ...page.fields() };
    const warning = `299 - "This version of the ${page.kind.toLowerCase()} endpoint is deprecated. Please use a newer version."`;
    const headers = { 'Content-Type': type, ...(version === 'v1alpha1' && { Warning: warning }) };
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
  else if (types.includes('application/yaml')) sendText(exchange, 406, REFUSAL_YAML, { 'Content-Type': 'application/yaml' });
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
