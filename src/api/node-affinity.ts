/** Whether a node fits a pod's nodeSelector and required node affinity (component-helpers `scheduling/corev1/nodeaffinity`). */
import type { Node, ObjectOf, PodSpec } from './types.ts';

type Term = ObjectOf<'core/v1.NodeSelectorTerm'>;
type Requirement = ObjectOf<'core/v1.NodeSelectorRequirement'>;

export function matchesNodeSelection(spec: PodSpec, node: Pick<Node, 'metadata'>): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  // A pod of a file may have a selector without terms: it matches no node.
  return required === undefined || matchesNodeTerms(required.nodeSelectorTerms, node);
}

/** Whether one of the terms fits; none fits when there are none. */
export function matchesNodeTerms(terms: readonly Term[] | undefined, node: Pick<Node, 'metadata'>): boolean {
  return (terms ?? []).some((term) => matchesTerm(term, node));
}

/** A term without requirements matches nothing. */
function matchesTerm(term: Term, node: Pick<Node, 'metadata'>): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    expressions.every((r) => matchesRequirement(r, Object.hasOwn(labels, r.key) ? labels[r.key] : undefined)) &&
    fields.every((r) => matchesRequirement(r, r.key === 'metadata.name' ? node.metadata.name : undefined))
  );
}

function matchesRequirement({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && values.includes(actual);
    case 'NotIn':
      return actual === undefined || !values.includes(actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
      return compares(actual, values, (a, b) => a > b);
    case 'Lt':
      return compares(actual, values, (a, b) => a < b);
    default:
      return false;
  }
}

function compares(actual: string | undefined, values: readonly string[], holds: (a: bigint, b: bigint) => boolean): boolean {
  const [bound, ...more] = values;
  if (actual === undefined || bound === undefined || more.length > 0) return false;
  if (!/^[+-]?\d+$/.test(actual) || !/^[+-]?\d+$/.test(bound)) return false;
  return holds(BigInt(actual), BigInt(bound));
}
