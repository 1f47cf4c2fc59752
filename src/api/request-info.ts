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
