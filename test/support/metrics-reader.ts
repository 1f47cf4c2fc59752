/** Who reads metrics on a test's node: a ServiceAccount bound to what scrapers are usually given. */
import type { TestNode } from './node.ts';

const NAME = 'scraper';

/** Its token. */
export async function metricsReader({ apply, ok }: TestNode): Promise<string> {
  await apply({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: 'default' } },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: NAME },
        rules: [{ apiGroups: [''], resources: ['nodes/metrics', 'nodes/stats'], verbs: ['get'] }],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: NAME },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: NAME },
        subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: 'default' }],
      },
    ],
  });
  return (await ok('create', 'token', NAME)).trim();
}
