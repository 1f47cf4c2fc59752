/** Compares with what a real API server answered, where the recordings are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decode } from '../decode.ts';
import { applyDefaults } from '../defaults/defaults.ts';
import { prepareForCreate, prepareForUpdate } from '../defaults/prepare.ts';
import { invalid } from '../field-errors.ts';
import { textAt } from '../fields.ts';
import { normalize } from '../normalize.ts';
import { isObject } from '../own.ts';
import { resourceDefinitions } from '../resources.ts';
import type { ResourceDefinition } from '../resources.ts';
import { validateCreate, validateUpdate } from './validate.ts';

const folder = fileURLToPath(new URL('../../../../shared/golden/', import.meta.url));
const recording = `${folder}apiserver.jsonl`;

interface Step {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
interface Answer {
  readonly id: string;
  readonly status: number;
  readonly body?: string;
}
type Json = Record<string, unknown>;

/** Faults that other parts find: allocation, custom resources, reviews. */
const ELSEWHERE = /^(svc-007|crd-00|crd-013|access-|token-|patch-|apply-00|apply-010)/;
/** What a server adds that is not this code's. */
const ADMITTED = ['uid', 'resourceVersion', 'creationTimestamp', 'managedFields'];

function definitionOf(path: string): { of: ResourceDefinition; namespace: string } | undefined {
  const [, group = '', namespace = '', resource = ''] =
    /^\/(?:api\/v1|apis\/([^/]+)\/v\d)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:[/?].*)?$/.exec(path) ?? [];
  const of = resourceDefinitions.find((r) => r.group === group && r.resource === resource);
  return of && { of, namespace };
}

async function load(): Promise<{ steps: Map<string, Step>; answers: Answer[] }> {
  const { steps } = (await import(pathToFileURL(`${folder}apiserver-steps.mjs`).href)) as { steps: (vars: object) => Step[] };
  const all = steps({ node: 'real-node', ns: 'web', pod: 'logger' });
  const answers = readFileSync(recording, 'utf8').trim().split('\n');
  return { steps: new Map(all.map((step) => [step.id, step])), answers: answers.map((line) => JSON.parse(line) as Answer) };
}

function created(of: ResourceDefinition, namespace: string, body: unknown): Json {
  const object = decode(of.type, body).object;
  object['kind'] = of.kind;
  object['apiVersion'] = of.group === '' ? of.version : `${of.group}/${of.version}`;
  const metadata = (object['metadata'] ??= {}) as Json;
  if (of.namespaced) metadata['namespace'] ??= namespace;
  if (of.resource === 'configmaps' && metadata['name'] === undefined && metadata['generateName'] !== undefined)
    metadata['name'] = 'gen-aaaaa';
  applyDefaults(of.type, object);
  prepareForCreate(of, object);
  return object;
}

describe.skipIf(!existsSync(recording))('recorded answers', () => {
  it('a create that was refused is refused in the same words, and no other', async () => {
    const { steps, answers } = await load();
    let compared = 0;
    for (const answer of answers) {
      const step = steps.get(answer.id);
      const found = step && definitionOf(step.path);
      if (step?.method !== 'POST' || found === undefined || typeof step.body !== 'object' || ELSEWHERE.test(step.id)) continue;
      if ((answer.status !== 422 && answer.status !== 201) || found.of.resource.endsWith('reviews')) continue;
      if (/[?&]dryRun=nope/.test(step.path) || step.path.includes('/eviction') || step.path.includes('/token')) continue;
      const object = created(found.of, found.namespace, step.body);
      const errors = validateCreate(found.of, object);
      const name = textAt(object, 'metadata', 'name');
      if (answer.status === 201) expect(errors, step.id).toEqual([]);
      else expect(invalid(found.of, name, errors).status, step.id).toEqual(JSON.parse(answer.body ?? ''));
      compared++;
    }
    expect(compared).toBeGreaterThan(50);
  });

  it('an object that was created looks the same, but for what admission adds', async () => {
    const { steps, answers } = await load();
    for (const answer of answers) {
      const step = steps.get(answer.id);
      const found = step && definitionOf(step.path);
      if (answer.status !== 201 || step?.method !== 'POST' || found === undefined || typeof step.body !== 'object') continue;
      const recorded = JSON.parse(answer.body ?? '') as Json;
      if (recorded['kind'] !== found.of.kind || found.of.resource === 'customresourcedefinitions' || found.of.resource.endsWith('reviews'))
        continue;
      const object = normalize(found.of.type, created(found.of, found.namespace, step.body));
      expect(own(object), step.id).toEqual(own(recorded));
    }
  });

  it.each([
    ['pod-025', 'pod-002'],
    ['pod-028', 'pod-002'],
    ['create-047', 'create-046'],
    ['svc-016', 'svc-001'],
    ['secret-009', 'secret-001'],
    ['rbac-005', 'rbac-002'],
    ['node-030', 'node-002'],
    ['workload-008', 'workload-002'],
  ])('the update %s of the object of %s is refused in the same words', async (id, source) => {
    const { steps, answers } = await load();
    const [step, answer, stored] = [steps.get(id), answers.find((a) => a.id === id), answers.find((a) => a.id === source)];
    const found = step && definitionOf(step.path);
    if (step === undefined || found === undefined || answer?.body === undefined || stored?.body === undefined) return;
    const object = JSON.parse(stored.body) as Json;
    const before = decode(found.of.type, object).object;
    const after = decode(found.of.type, step.method === 'PUT' ? step.body : merged(object, step.body as Json)).object;
    if (found.of.namespaced) (after['metadata'] as Json)['namespace'] ??= 'golden';
    applyDefaults(found.of.type, after);
    // DefaultTolerationSeconds admits before validation.
    if (id === 'pod-025') (after['spec'] as Json)['tolerations'] = structuredClone((before['spec'] as Json)['tolerations']);
    prepareForUpdate(found.of, after, before);
    const errors = validateUpdate(found.of, after, before);
    expect(invalid(found.of, textAt(before, 'metadata', 'name'), errors).status).toEqual(JSON.parse(answer.body));
  });
});

/** RFC 7386. */
function merged(target: Json, patch: Json): Json {
  const out: Json = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = isObject(value) && isObject(out[key]) ? merged(out[key], value) : value;
  }
  return out;
}

/** An object without what admission and storage add. */
function own(object: Json): Json {
  const copy = structuredClone(object);
  const metadata = copy['metadata'] as Json;
  for (const field of ADMITTED) delete metadata[field];
  if (typeof metadata['generateName'] === 'string') delete metadata['name'];
  const spec = copy['spec'] as Json | undefined;
  if (spec === undefined) return copy;
  for (const field of [
    'clusterIP',
    'clusterIPs',
    'taints',
    'tolerations',
    'priority',
    'preemptionPolicy',
    'serviceAccount',
    'serviceAccountName',
  ])
    delete spec[field];
  if (copy['kind'] !== 'Pod') return copy;
  const kept = ((spec['volumes'] ?? []) as Json[]).filter((volume) => !String(volume['name']).startsWith('kube-api-access-'));
  delete spec['volumes'];
  if (kept.length > 0) spec['volumes'] = kept;
  for (const container of spec['containers'] as Json[]) delete container['volumeMounts'];
  return copy;
}
