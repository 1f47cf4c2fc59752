/** What writes have in common: who writes, and the words of the errors. */
import { copyJson } from '../../api/own.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import { conflict, failure, type StatusError } from '../../api/status.ts';
import type { KubeObject } from '../../api/types.ts';
import type { UserInfo } from '../../auth/types.ts';

/** The circumstances of one write. */
export interface WriteContext {
  readonly user: UserInfo;
  /** Everything happens but the storing. */
  readonly dryRun: boolean;
  /** The name under which managedFields records the write; empty records nothing. */
  readonly manager: string;
  /** Becomes a Warning header. */
  readonly warn: (text: string) => void;
}

/** Which object a write is for. */
export interface Target {
  readonly definition: ResourceDefinition;
  /** Empty for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** The server itself, writing what it needs to start. */
export const INTERNAL: WriteContext = {
  user: { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  dryRun: false,
  manager: 'kube-apiserver',
  warn: () => undefined,
};

/** Someone else wrote since the object was read. */
export const modified = (definition: ResourceDefinition, name: string): StatusError =>
  conflict(definition, name, 'the object has been modified; please apply your changes to the latest version and try again');

/** An error that the original answers without a reason, as Go errors that are no Status. */
export const plainError = (message: string): StatusError => failure(500, '', message);

/** A revision as a number. Throws as Go's ParseUint does. */
export function parseRevision(text: string): number {
  if (!/^\d{1,19}$/.test(text)) throw new SyntaxError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A copy that may be changed down to any depth. */
export function copyOf(object: KubeObject): KubeObject {
  return copyJson(object);
}
