/** Fills the ClusterRoles that collect others' rules (kubernetes `pkg/controller/clusterroleaggregation`). */
import { jsonEqual } from '../../api/own.ts';
import { resources, type ResourceDefinition } from '../../api/resources.ts';
import { matcherOf } from '../../api/selectors.ts';
import { hasReason } from '../../api/status.ts';
import type { ClusterRole, KubeObject, PolicyRule } from '../../api/types.ts';
import type { ObjectReader } from '../endpoint.ts';

export const CLUSTER_ROLES = resources['clusterroles.rbac.authorization.k8s.io'];

/** Aggregated roles may collect aggregated roles; a longer chain is filled by the next change. */
const MAX_PASSES = 8;

/** What filling needs of the stored objects. */
export interface AggregationRegistry {
  list(resource: ResourceDefinition): readonly KubeObject[];
  update(resource: ResourceDefinition, object: KubeObject): Promise<unknown>;
}

/** The rules that an aggregated role should have: those of every other role that it selects, by name, each once. */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const selectors = (role.aggregationRule?.clusterRoleSelectors ?? []).map((selector) => matcherOf(selector));
  const chosen = all
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .filter(({ metadata }) => selectors.some((selector) => selector.matches(metadata.labels ?? {})))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const rule of chosen.flatMap((other) => other.rules ?? [])) if (!rules.some((known) => jsonEqual(known, rule))) rules.push(rule);
  return rules;
}

/** Updates every aggregated role whose rules are not what they should be. */
export async function aggregateClusterRoles(registry: AggregationRegistry): Promise<void> {
  const stored = registry.list(CLUSTER_ROLES) as unknown as readonly ClusterRole[];
  let roles = stored;
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const filled = roles.map((role) => withAggregatedRules(role, roles));
    const stable = filled.every((role, i) => role === roles[i]);
    roles = filled;
    if (stable) break;
  }
  const changed = roles.filter((role, i) => role !== stored[i]);
  await Promise.all(changed.map((role) => registry.update(CLUSTER_ROLES, structuredClone(role) as unknown as KubeObject)));
}

function withAggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): ClusterRole {
  if (role.aggregationRule === undefined) return role;
  const rules = aggregatedRules(role, all);
  return jsonEqual(rules, role.rules ?? []) ? role : { ...role, rules };
}

/** Keeps aggregated roles filled from now on; failures are reported and tried again at the next change. Returns the way to stop. */
export function startClusterRoleAggregation(
  objects: ObjectReader,
  registry: AggregationRegistry,
  failed: (error: unknown) => void,
): () => void {
  let running = false;
  let again = false;
  const run = async (): Promise<void> => {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      // Whoever wrote in between woke this up once more.
      await aggregateClusterRoles(registry).catch((error: unknown) => (hasReason(error, 'Conflict') ? undefined : failed(error)));
    } while (again);
    running = false;
  };
  return objects.subscribe(CLUSTER_ROLES, () => void run());
}
