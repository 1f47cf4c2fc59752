/**
 * Where a gated pod may go can still be narrowed: nothing has looked for a node for it yet (`pkg/apis/core/validation/validation.go`,
 * validateNodeSelectorMutation and validateNodeAffinityMutation).
 */
import { invalidValue } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { jsonEqual } from '../own.ts';
import type { Loose, ObjectOf, PodSpec } from '../types.ts';

type Spec = Loose<PodSpec>;
type NodeAffinity = Loose<ObjectOf<'core/v1.NodeAffinity'>>;
type NodeTerm = Loose<ObjectOf<'core/v1.NodeSelectorTerm'>>;

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** Pushes what a gated pod may not change of its placement. Returns the spec with the placement that it had. */
export function validateGatedPlacement(errors: FieldError[], spec: Spec, old: Spec): Spec {
  if ((old.schedulingGates ?? []).length === 0) return spec;
  return keepAffinity(errors, keepSelector(errors, spec, old), old);
}

function keepSelector(errors: FieldError[], spec: Spec, old: Spec): Spec {
  const { nodeSelector, ...rest } = spec;
  if (jsonEqual(nodeSelector ?? null, old.nodeSelector ?? null)) return spec;
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => nodeSelector?.[key] !== value)) {
    const rule = 'only additions to spec.nodeSelector are allowed (no mutations or deletions)';
    const sorted = Object.fromEntries(Object.entries(nodeSelector ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)));
    errors.push(invalidValue('spec.nodeSelector', sorted, rule));
  }
  return { ...rest, ...(old.nodeSelector !== undefined && { nodeSelector: old.nodeSelector }) };
}

function keepAffinity(errors: FieldError[], spec: Spec, old: Spec): Spec {
  const now = spec.affinity?.nodeAffinity;
  const then = old.affinity?.nodeAffinity;
  if (jsonEqual(now ?? null, then ?? null)) return spec;
  validateNodeAffinityChange(errors, now, then);
  const { affinity, ...rest } = spec;
  const { nodeAffinity: _changed, ...others } = affinity ?? {};
  const kept = { ...others, ...(then !== undefined && { nodeAffinity: then }) };
  // An affinity that only the nodes' part made goes with it.
  return old.affinity === undefined && Object.keys(kept).length === 0 ? rest : { ...rest, affinity: kept };
}

function validateNodeAffinityChange(errors: FieldError[], now: NodeAffinity | undefined, then: NodeAffinity | undefined): void {
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const terms = now?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const old = then?.[REQUIRED]?.nodeSelectorTerms ?? [];
  if (old.length === 0) return;
  if (old.length !== terms.length) {
    errors.push(invalidValue(path, terms.map(inGo), 'no additions/deletions to non-empty NodeSelectorTerms list are allowed'));
    return;
  }
  for (const [i, before] of old.entries()) {
    const term = terms[i] ?? {};
    if (!onlyAdds(term, before))
      errors.push(invalidValue(`${path}[${i}]`, inGo(term), 'only additions are allowed (no mutations or deletions)'));
  }
}

/** Whether a term says all that it said, in the same places; an empty one matches nothing and stays empty. */
function onlyAdds(term: NodeTerm, before: NodeTerm): boolean {
  const parts = ['matchExpressions', 'matchFields'] as const;
  if (parts.every((part) => (before[part] ?? []).length === 0)) return parts.every((part) => (term[part] ?? []).length === 0);
  return parts.every((part) => (before[part] ?? []).every((requirement, i) => jsonEqual(requirement, term[part]?.[i])));
}

/** A term as Go's internal type prints. */
function inGo(term: NodeTerm): object {
  const requirements = (part: 'matchExpressions' | 'matchFields'): object[] | null =>
    term[part]?.map(({ key = '', operator = '', values }) => ({ Key: key, Operator: operator, Values: values ?? null })) ?? null;
  return { MatchExpressions: requirements('matchExpressions'), MatchFields: requirements('matchFields') };
}
