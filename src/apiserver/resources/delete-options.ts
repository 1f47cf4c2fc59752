/** DeleteOptions from a request's body or query (apimachinery `pkg/apis/meta/v1/types.go`). */
import { decode } from '../../api/decode.ts';
import { invalid, invalidValue, notSupported, type FieldError } from '../../api/field-errors.ts';
import { badRequest } from '../../api/status.ts';
import type { DeleteOptions } from '../../api/types.ts';
import { errorText } from '../../util/log.ts';
import { parseBody, readAll } from '../http/body.ts';
import type { DeleteRequest } from '../registry/delete.ts';
import type { ResourceRequest } from './request.ts';

const POLICIES = ['Foreground', 'Background', 'Orphan'] as const;

/** What a DELETE asks for. */
export interface DeleteDemand {
  readonly request: DeleteRequest;
  readonly dryRun: boolean;
}

/** Reads DeleteOptions; a body wins over the query. Throws 400 or 422. */
export async function deleteDemand(request: ResourceRequest): Promise<DeleteDemand> {
  const body = await readAll(request.exchange);
  const options = body.length > 0 ? fromBody(request, body) : fromQuery(request.query);
  return checked(options);
}

function fromBody(request: ResourceRequest, body: Buffer): DeleteOptions {
  try {
    return parseBody(request.exchange, body).as('meta/v1.DeleteOptions').object;
  } catch (error) {
    throw badRequest(errorText(error));
  }
}

function fromQuery(query: URLSearchParams): DeleteOptions {
  const value: Record<string, unknown> = {};
  for (const field of ['propagationPolicy', 'orphanDependents', 'gracePeriodSeconds']) {
    const text = query.get(field);
    if (text === null || text === '') continue;
    if (field === 'gracePeriodSeconds' && !/^[+-]?\d+$/.test(text)) {
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    }
    value[field] = field === 'gracePeriodSeconds' ? Number(text) : field === 'orphanDependents' ? text !== 'false' && text !== '0' : text;
  }
  const dryRun = query.getAll('dryRun').filter((text) => text !== '');
  if (dryRun.length > 0) value['dryRun'] = dryRun;
  return decode('meta/v1.DeleteOptions', value).object;
}

function checked(options: DeleteOptions): DeleteDemand {
  const { propagationPolicy, orphanDependents, gracePeriodSeconds, preconditions, dryRun = [] } = options;
  const faults: FieldError[] = [];
  const policy = POLICIES.find((known) => known === propagationPolicy);
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    faults.push(invalidValue('propagationPolicy', propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set'));
  }
  if (propagationPolicy !== undefined && !policy) faults.push(notSupported('propagationPolicy', propagationPolicy, [...POLICIES, 'nil']));
  if (dryRun.some((value) => value !== 'All')) faults.push(notSupported('dryRun', dryRun, ['All']));
  if (faults.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', faults);
  const propagation = policy ?? (orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background');
  return {
    request: {
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagation && { propagation }),
      ...(preconditions?.uid !== undefined && { uid: preconditions.uid }),
      ...(preconditions?.resourceVersion !== undefined && { resourceVersion: preconditions.resourceVersion }),
    },
    dryRun: dryRun.length > 0,
  };
}
