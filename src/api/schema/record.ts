/**
 * How a Kubernetes type is written down: one record a type, as data. TypeScript types, strict
 * decoding, defaults, protobuf, patches, server-side apply, OpenAPI and validation read these
 * records; nothing about a type is written twice.
 */

/** What a value is when it is not another record of the table. */
export type Scalar =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  /** Base64 text in JSON. */
  | 'bytes'
  /** RFC 3339, whole seconds, `Z`. */
  | 'time'
  /** RFC 3339 with exactly six fractional digits. */
  | 'microTime'
  /** Go's duration text: `1m30s`. */
  | 'duration'
  /** `250m`, `64Mi`; a JSON number is read too. */
  | 'quantity'
  /** A number or a string. */
  | 'intOrString'
  /** An embedded object of any kind. */
  | 'raw'
  /** The field set of managedFields. */
  | 'fieldsV1'
  /** Any JSON value. */
  | 'json'
  /** A list of strings that is a message of its own in protobuf. */
  | 'extraValue'
  | 'verbs';

/** One field, under its JSON name. */
export interface FieldRecord {
  /** A scalar, or the full name of a type: `core/v1.PodSpec`. */
  readonly type: string;
  /** Protobuf field number. */
  readonly tag?: number;
  /** A map with string keys to values of `type`. */
  readonly map?: true;
  /** A list of `type`, and how server-side apply merges it. `plain` says nothing about merging. */
  readonly list?: 'atomic' | 'set' | 'map' | 'plain';
  /** The fields that identify an element of a `map` list. */
  readonly keys?: readonly string[];
  /** Strategic merge patch: the one field that identifies an element. */
  readonly mergeKey?: string;
  /** Strategic merge patch strategy, as in the `patchStrategy` tag. */
  readonly strategy?: string;
  /** How server-side apply treats an object-valued field. */
  readonly mapType?: 'atomic' | 'granular';
  /** Always present in JSON; `required` in OpenAPI. */
  readonly required?: true;
  /** Always present in JSON, and yet not `required` in OpenAPI. */
  readonly optional?: true;
  /** A Go pointer: the zero value is kept apart from absence. */
  readonly pointer?: true;
  /**
   * Whether JSON shows the field also when it is empty, where that is not what `required` says:
   * structs that are no pointers show as `{}`, times as `null`, quantities as `"0"`.
   */
  readonly written?: boolean;
  /** The fields of `type` stand in the parent in JSON, while protobuf nests them. */
  readonly inline?: true;
  /** OpenAPI format where it is not that of the type. */
  readonly format?: string;
  /** The Go type that error texts name, where it is not the one that `type`, `list` and `map` give: `v1.PodPhase`. */
  readonly go?: string;
  /** The value that defaulting sets when the field is absent. */
  readonly default?: unknown;
  /** What `kubectl explain` shows, in our own words. */
  readonly doc?: string;
}

/** A group, version and kind under which an object of the type travels. */
export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** One type. */
export interface TypeRecord {
  /** Set for types that travel with `apiVersion` and `kind`. */
  readonly gvk?: readonly GroupVersionKind[];
  /** There is a list kind, `<Kind>List`, with `metadata` and `items`. */
  readonly list?: true;
  /** Server-side apply replaces a value of this type as a whole. */
  readonly atomic?: true;
  readonly doc?: string;
  readonly fields: Readonly<Record<string, FieldRecord>>;
}

/** Types by full name (`core/v1.Pod`). */
export type TypeTable = Readonly<Record<string, TypeRecord>>;
