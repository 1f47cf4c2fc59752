/** What the route table says of each path, in one form for documents and pages. */
import { verbOf } from '../access.ts';
import type { ServerKind } from '../request.ts';
import type { QueryParameter, Route, Setting } from '../route.ts';

export interface DescribedPath {
  /** `/exec/{namespace}/{pod}/{container}` */
  readonly path: string;
  /** As the handler takes them. */
  readonly methods: readonly string[];
  readonly servers: readonly ServerKind[];
  readonly subresources: readonly string[];
  /** Verbs of those subresources, in the order of the methods. */
  readonly verbs: readonly string[];
  readonly settings: readonly Setting[];
  readonly query: Readonly<Record<string, QueryParameter>>;
  readonly answer: string;
  readonly streaming: boolean;
  readonly doc: string;
}

/** Handlers that look at the method themselves: a route of one path takes every method. */
const METHODS_OF: Readonly<Record<string, readonly string[]>> = { '/debug/flags/v': ['PUT'], '/metrics/slis': ['GET', 'DELETE'] };

/** Every path of the table, sorted. */
export function describedPaths(routes: readonly Route[]): DescribedPath[] {
  const paths = routes.map((route): DescribedPath => {
    const path = route.registration === 'exact' ? route.path : pathOf(route.root, route.path);
    const methods = route.registration === 'exact' ? (METHODS_OF[path] ?? ['GET']) : route.methods;
    return {
      path,
      methods,
      servers: route.servers,
      subresources: route.subresources,
      verbs: methods.map(verbOf),
      settings: route.switches.map(({ setting }) => setting),
      query: route.query ?? {},
      answer: route.answer,
      streaming: route.streaming === true,
      doc: route.doc,
    };
  });
  return paths.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** `{name:*}` takes the rest of the path; readers know it as `{name}`. */
function pathOf(root: string, path: string): string {
  return `${root}${path}`.replaceAll(':*}', '}');
}
