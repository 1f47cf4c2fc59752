/** The query of writes (apimachinery `pkg/apis/meta/v1/validation/validation.go`). */
import { invalid, invalidValue, notSupported, required, tooLong, type FieldError } from '../../api/field-errors.ts';
import { isTrue } from '../../api/request-info.ts';
import type { FieldValidation } from '../http/body.ts';
import type { WriteContext } from '../registry/write.ts';
import type { ResourceRequest } from './request.ts';

export interface WriteOptions {
  readonly validation: FieldValidation;
  readonly force: boolean;
  readonly write: WriteContext;
}

export type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

const MAX_MANAGER_BYTES = 128;
const VALIDATIONS = ['Ignore', 'Strict', 'Warn'] as const;

/** Reads and checks the query of a write. `apply` says that a patch is a server-side apply. Throws 422. */
export function writeOptions(request: ResourceRequest, kind: OptionsKind, apply = false): WriteOptions {
  const { query, user, warn } = request;
  const faults: FieldError[] = [];
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.some((value) => value !== 'All')) faults.push(notSupported('dryRun', dryRun, ['All']));
  const manager = query.get('fieldManager') ?? '';
  if (apply && manager === '') faults.push(required('fieldManager', 'is required for apply patch'));
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) faults.push(tooLong('fieldManager', MAX_MANAGER_BYTES));
  else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(manager))
    faults.push(invalidValue('fieldManager', manager, 'should only contain printable characters'));
  const validation = query.get('fieldValidation') ?? '';
  if (validation !== '' && !VALIDATIONS.some((known) => known === validation)) {
    faults.push(notSupported('fieldValidation', validation, ['', ...VALIDATIONS]));
  }
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', faults);
  return {
    validation: VALIDATIONS.find((known) => known === validation) ?? 'Warn',
    force: isTrue(query, 'force'),
    write: { user, dryRun: dryRun.length > 0, manager: manager === '' ? managerOf(request) : manager, warn },
  };
}

/** A client without a field manager is known by the beginning of its User-Agent. */
function managerOf(request: ResourceRequest): string {
  const agent = request.exchange.request.headers['user-agent'] ?? '';
  return agent.split('/')[0] ?? '';
}
