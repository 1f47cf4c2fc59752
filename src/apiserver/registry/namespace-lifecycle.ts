/** What a namespace's state forbids (plugin `namespace/lifecycle/admission.go`). */
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { failure, forbidden, notFound, qualifiedResource } from '../../api/status.ts';
import { keyOf, type Entry } from '../store/entry.ts';

/** Namespaces that the system lives in. */
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Throws when a new object may not enter its namespace. `get` reads the store. */
export function checkNamespaceTakes(
  definition: ResourceDefinition,
  namespace: string,
  name: string,
  get: (key: string) => Entry | undefined,
): void {
  const found = get(keyOf('namespaces', '', namespace));
  if (!found) throw notFound(resources.namespaces, namespace);
  if (found.object.metadata.deletionTimestamp === undefined) return;
  const quoted = name === '' ? '' : ` "${name}"`;
  throw failure(
    403,
    'Forbidden',
    `${qualifiedResource(definition)}${quoted} is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      name,
      group: definition.group,
      kind: definition.resource,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    },
  );
}

/** Throws when a namespace is one that must stay. */
export function checkNamespaceMayGo(name: string): void {
  if (IMMORTAL.has(name)) throw forbidden(resources.namespaces, name, 'this namespace may not be deleted');
}
