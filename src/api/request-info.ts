/** What a request to an API server asks for, read from its method and path (apiserver `pkg/endpoints/request/requestinfo.go`). */
export interface RequestInfo {
  readonly isResource: boolean;
  readonly path: string;
  /** `get`, `list`, `watch`, `create`, … for resources; the lower-case method otherwise. */
  readonly verb: string;
  /** `api` or `apis`; empty for other paths. */
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments from the resource on; what follows a proxy subresource is here. */
  readonly parts: readonly string[];
}

const VERB_OF_METHOD: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Segments after `namespaces/NAME` that belong to the namespace itself. */
const NAMESPACE_SUBRESOURCES: ReadonlySet<string> = new Set(['status', 'finalize']);

/**
 * Reads a request's verb, group, resource, namespace and name from its method and decoded path.
 * A GET or DELETE of a collection becomes `list`, `watch` or `deletecollection`; a field selector
 * `metadata.name=x` on a collection counts as the name, so that rules with resource names apply.
 */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = path.split('/').filter((part) => part !== '');
  const nonResource: RequestInfo = {
    isResource: false,
    path,
    verb: method.toLowerCase(),
    prefix: '',
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    parts: [],
  };
  const prefix = segments[0] ?? '';
  if (prefix !== 'api' && prefix !== 'apis') return nonResource;
  const grouped = prefix === 'apis';
  const group = grouped ? (segments[1] ?? '') : '';
  const version = segments[grouped ? 2 : 1] ?? '';
  let rest = segments.slice(grouped ? 3 : 2);
  if (rest.length === 0) return { ...nonResource, prefix, group, version };

  let verb = VERB_OF_METHOD[method] ?? '';
  // `/api/v1/watch/…`, the form of watches before `?watch=true`.
  if (rest[0] === 'watch' && rest.length > 1) {
    verb = 'watch';
    rest = rest.slice(1);
  }

  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1] ?? '';
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '')) rest = rest.slice(2);
  }
  const resource = rest[0] ?? '';
  let name = rest[1] ?? '';
  const subresource = rest[2] ?? '';
  if (name === '') {
    if (verb === 'get') verb = isTrue(query, 'watch') ? 'watch' : 'list';
    if (verb === 'delete') verb = 'deletecollection';
    if (verb === 'list' || verb === 'watch' || verb === 'deletecollection') name = nameSelected(query.get('fieldSelector'));
  }
  return { isResource: true, path, verb, prefix, group, version, namespace, resource, subresource, name, parts: rest };
}

/** Whether a query parameter says yes as Go's conversion of query values does: present and neither `0` nor `false`. */
export function isTrue(query: URLSearchParams, parameter: string): boolean {
  const value = query.get(parameter);
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** The name that a field selector demands, when it is one that a path could carry. */
function nameSelected(selector: string | null): string {
  if (selector === null) return '';
  for (const term of selector.split(',')) {
    const match = /^metadata\.name==?([^=]*)$/.exec(term.trim());
    const name = match?.[1];
    if (name !== undefined && name !== '.' && name !== '..' && !/[/%]/.test(name)) return name;
  }
  return '';
}
