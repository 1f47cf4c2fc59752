/** The query of lists and watches (apimachinery `pkg/apis/meta/v1/types.go` ListOptions, `internalversion/validation`). */
import { forbiddenField, invalid, notSupported, type FieldError } from '../../api/field-errors.ts';
import { isTrue } from '../../api/request-info.ts';
import type { ResourceDefinition } from '../../api/resources.ts';
import {
  checkFieldSelector,
  parseFieldSelector,
  parseLabelSelector,
  selectableFields,
  SelectorError,
  type FieldSelector,
  type LabelSelectorMatcher,
} from '../../api/selectors.ts';
import { badRequest } from '../../api/status.ts';
import type { StoredObject } from '../store/entry.ts';

export interface ListOptions {
  readonly selects: Selection;
  /** 0 is no limit. */
  readonly limit: number;
  readonly continue: string;
  /** As sent; empty when absent. */
  readonly resourceVersion: string;
  readonly match: string;
  readonly timeoutSeconds: number | undefined;
  readonly bookmarks: boolean;
  readonly sendInitialEvents: boolean;
}

/** Which objects a request is about. */
export interface Selection {
  /** Nothing is left out. */
  readonly all: boolean;
  /** The only name that can match, if there is one. */
  readonly name: string | undefined;
  matches(object: StoredObject): boolean;
}

/** The kind under which faults of these options are reported. */
export const LIST_OPTIONS = { group: 'meta.k8s.io', kind: 'ListOptions' } as const;

/** Reads and checks the query. `name` comes from the path of an old-style watch. Throws StatusError. */
export function listOptions(definition: ResourceDefinition, query: URLSearchParams, watch: boolean, name = ''): ListOptions {
  const options: ListOptions = {
    selects: selection(definition, query, name),
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    match: query.get('resourceVersionMatch') ?? '',
    timeoutSeconds: integer(query, 'timeoutSeconds'),
    bookmarks: isTrue(query, 'allowWatchBookmarks'),
    sendInitialEvents: isTrue(query, 'sendInitialEvents'),
  };
  const faults = [...initialEventFaults(options, query, watch), ...matchFaults(options, watch)];
  if (faults.length > 0) throw invalid(LIST_OPTIONS, '', faults);
  return options;
}

function initialEventFaults(options: ListOptions, query: URLSearchParams, watch: boolean): FieldError[] {
  if (query.get('sendInitialEvents') === null) return [];
  if (!watch) return [forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')];
  if (options.match === 'NotOlderThan') return [];
  return [forbiddenField('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')];
}

function matchFaults(options: ListOptions, watch: boolean): FieldError[] {
  const { match, resourceVersion } = options;
  const field = 'resourceVersionMatch';
  if (match === '') return [];
  if (watch)
    return options.sendInitialEvents
      ? []
      : [forbiddenField(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')];
  const faults: FieldError[] = [];
  if (resourceVersion === '') faults.push(forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  if (options.continue !== '') faults.push(forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided'));
  if (match !== 'Exact' && match !== 'NotOlderThan') faults.push(notSupported(field, match, ['Exact', 'NotOlderThan', '']));
  if (match === 'Exact' && resourceVersion === '0') {
    faults.push(forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  return faults;
}

function integer(query: URLSearchParams, parameter: string): number | undefined {
  const text = query.get(parameter);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function selection(definition: ResourceDefinition, query: URLSearchParams, name: string): Selection {
  let labels: LabelSelectorMatcher;
  let fields: FieldSelector;
  try {
    labels = parseLabelSelector(query.get('labelSelector') ?? '');
    fields = parseFieldSelector(query.get('fieldSelector') ?? '');
    checkFieldSelector(definition, fields);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
  const wanted = name === '' ? fields.exact('metadata.name') : name;
  return {
    all: labels.empty && fields.empty && name === '',
    name: wanted,
    matches: (object) =>
      (wanted === undefined || object.metadata.name === wanted) &&
      (labels.empty || labels.matches(object.metadata.labels)) &&
      (fields.empty || fields.matches(selectableFields(definition, object))),
  };
}
