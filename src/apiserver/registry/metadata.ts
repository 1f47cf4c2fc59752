/** The metadata that the server keeps, whatever a client sends (apiserver `pkg/registry/rest/{create,update}.go`). */
import { randomInt, randomUUID } from 'node:crypto';
import { jsonEqual } from '../../api/own.ts';
import { goTime } from '../../api/time.ts';
import type { KubeObject } from '../../api/types.ts';

const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
/** So that the whole stays within a DNS label. */
const MAX_BASE_LENGTH = 63 - SUFFIX_LENGTH;

/** A name made of a prefix and five random characters without vowels (`names.SimpleNameGenerator`). */
export function generateName(prefix: string): string {
  let name = prefix.slice(0, MAX_BASE_LENGTH);
  for (let i = 0; i < SUFFIX_LENGTH; i += 1) name += SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)];
  return name;
}

/** Fills in the metadata of a new object, in place. Returns whether the name was generated. */
export function fillCreated(object: KubeObject, options: { readonly namespace: string; readonly now: number }): boolean {
  const { metadata } = object;
  const generated = (metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '';
  if (generated) metadata.name = generateName(metadata.generateName ?? '');
  if (options.namespace === '') delete metadata.namespace;
  else metadata.namespace = options.namespace;
  metadata.uid = randomUUID();
  metadata.creationTimestamp = goTime(options.now);
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'resourceVersion'] as const) delete metadata[field];
  return generated;
}

/** Puts back in place what identifies the object and when it was made. */
export function keepIdentity(object: KubeObject, before: KubeObject): void {
  const { metadata } = object;
  const fields = ['name', 'namespace', 'generateName', 'uid', 'creationTimestamp'] as const;
  for (const field of fields) {
    const kept = before.metadata[field];
    if (kept === undefined) delete metadata[field];
    else metadata[field] = kept;
  }
  delete metadata.selfLink;
}

/** Whether two states differ in more than resourceVersion and the times of managedFields. */
export function differs(object: KubeObject, before: KubeObject): boolean {
  const compared = (of: KubeObject): Record<string, unknown> => ({
    ...of,
    metadata: {
      ...of.metadata,
      resourceVersion: '',
      managedFields: of.metadata.managedFields?.map((entry) => ({ ...entry, time: '' })) ?? null,
    },
  });
  return !jsonEqual(compared(object), compared(before));
}
