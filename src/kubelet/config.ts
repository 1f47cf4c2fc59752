/**
 * The kubelet's configuration: read from a KubeletConfiguration file and flags, defaulted, checked
 * (kubernetes `pkg/kubelet/apis/config/{v1beta1/defaults,validation/validation}.go`, `cmd/kubelet/app/options`).
 */
import { decode, DecodeError } from '../api/decode.ts';
import { formatDuration, parseDuration } from '../api/duration.ts';
import type { kubeletConfigV1beta1 } from '../api/schema/kubelet-config-v1beta1.ts';
import type { FieldRecord } from '../api/schema/record.ts';
import { typeRecord } from '../api/schema/schema.ts';
import type { ObjectOf } from '../api/types.ts';
import { parseYaml } from '../api/yaml.ts';
import { errorText } from '../util/log.ts';
import { validateConfiguration } from './config-validation.ts';

export const CONFIG_API_VERSION = 'kubelet.config.k8s.io/v1beta1';
export const CONFIG_KIND = 'KubeletConfiguration';
const CONFIG_TYPE = 'kubelet.config.k8s.io/v1beta1.KubeletConfiguration';

/** A configuration as a user writes it: every field may be absent. */
export type KubeletConfigurationFile = ObjectOf<typeof CONFIG_TYPE>;

type Records = typeof kubeletConfigV1beta1;
type Fields<N extends keyof Records> = Records[N]['fields'];
/** A struct that is part of its parent, as opposed to one that may be absent. */
type IsStruct<F> = F extends { readonly list: string } | { readonly map: true }
  ? false
  : F extends { readonly type: keyof Records; readonly written: true }
    ? true
    : false;
type IsAlways<F> = F extends { readonly default: unknown }
  ? true
  : IsStruct<F> extends true
    ? true
    : F extends { readonly pointer: true }
      ? false
      : F extends { readonly list: string } | { readonly map: true }
        ? true
        : F extends { readonly type: keyof Records }
          ? false
          : true;
type ValueOf<N extends keyof Records, K extends keyof Fields<N>> =
  IsStruct<Fields<N>[K]> extends true
    ? Fields<N>[K] extends { readonly type: infer T extends keyof Records }
      ? Defaulted<T>
      : never
    : Exclude<K extends keyof ObjectOf<N> ? ObjectOf<N>[K] : never, undefined>;
/** A type with every default in place; only what the original keeps as a nil pointer may be absent. */
type Defaulted<N extends keyof Records> = {
  readonly [K in keyof Fields<N> as IsAlways<Fields<N>[K]> extends true ? K : never]: ValueOf<N, K>;
} & { readonly [K in keyof Fields<N> as IsAlways<Fields<N>[K]> extends true ? never : K]?: ValueOf<N, K> };

/** The effective configuration. Durations are Go's text in its normal form (`1m0s`). */
export type KubeletConfiguration = Defaulted<typeof CONFIG_TYPE>;

/** The configuration cannot be used; the message is for the user and names each field. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

/** What replaces the safe defaults when the kubelet runs without a file (options.go `applyLegacyDefaults`). */
const LEGACY_DEFAULTS: KubeletConfigurationFile = {
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  readOnlyPort: 10255,
};

export interface LoadOptions {
  /** What flags set: these win over the file. */
  readonly overrides?: KubeletConfigurationFile;
  /** Names the file in messages. */
  readonly path?: string;
}

/**
 * The effective configuration of a kubelet that was given this file's text, or no file (then the legacy, open defaults
 * apply, as in the original). Throws ConfigError for what cannot be read, unknown fields, wrong types and wrong values.
 */
export function loadKubeletConfiguration(text: string | undefined, options: LoadOptions = {}): KubeletConfiguration {
  const file = text === undefined ? LEGACY_DEFAULTS : readFile(text, options.path ?? 'the configuration');
  const config = withDefaults(merge(file, options.overrides ?? {}));
  const problems = validateConfiguration(config);
  if (problems.length > 0) throw new ConfigError(problems.map((p) => `invalid configuration: ${p}`).join('; '));
  return config;
}

/** The defaults of a configuration file that says nothing. */
export function defaultKubeletConfiguration(): KubeletConfiguration {
  return withDefaults({});
}

function readFile(text: string, path: string): KubeletConfigurationFile {
  const fail = (why: string): ConfigError => new ConfigError(`failed to load kubelet config file ${path}: ${why}`);
  let documents: unknown[];
  try {
    documents = parseYaml(text).filter((document) => document !== null && document !== undefined);
  } catch (error) {
    throw fail(errorText(error));
  }
  const [document, ...more] = documents;
  if (document === undefined) throw fail('kubelet config file is empty');
  if (more.length > 0) throw fail(`it has ${documents.length} documents, one is needed`);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw fail('it is not an object');
  const { apiVersion, kind } = document as { apiVersion?: unknown; kind?: unknown };
  if (typeof kind !== 'string' || kind === '') throw fail("Object 'Kind' is missing");
  if (typeof apiVersion !== 'string' || apiVersion === '') throw fail("Object 'apiVersion' is missing");
  if (apiVersion !== CONFIG_API_VERSION || kind !== CONFIG_KIND) {
    throw fail(`no kind "${kind}" is registered for version "${apiVersion}"; it must be ${CONFIG_KIND} of ${CONFIG_API_VERSION}`);
  }
  try {
    const { object, unknown } = decode(CONFIG_TYPE, document);
    if (unknown.length > 0) throw fail(`strict decoding error: ${unknown.map((field) => `unknown field "${field}"`).join(', ')}`);
    return object;
  } catch (error) {
    if (error instanceof DecodeError) throw fail(error.message);
    throw error;
  }
}

/** Fields of `over` replace those of `base`; structs are merged field by field, maps key by key as flags do. */
function merge<T extends object>(base: T, over: T): T {
  const merged: Record<string, unknown> = { ...(base as Record<string, unknown>) };
  for (const [key, value] of Object.entries(over)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged as T;
}

function withDefaults(file: KubeletConfigurationFile): KubeletConfiguration {
  // A status that is computed more often than by default is also reported that often (defaults.go).
  const linked = file.nodeStatusReportFrequency === undefined && file.nodeStatusUpdateFrequency !== undefined;
  const complete = linked ? { ...file, nodeStatusReportFrequency: file.nodeStatusUpdateFrequency } : file;
  return fill(CONFIG_TYPE, complete) as KubeletConfiguration;
}

/** A value of the type with defaults and zero values, its keys in the order of the record. */
function fill(type: string, value: object): Record<string, unknown> {
  const fields = typeRecord(type)?.fields ?? {};
  const filled: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    const given = (value as Record<string, unknown>)[name];
    const result = fillField(field, given);
    if (result !== undefined) filled[name] = result;
  }
  return filled;
}

function fillField(field: FieldRecord, given: unknown): unknown {
  // Without a pointer Go cannot tell zero from absent, so zero is defaulted too.
  const absent = given === undefined || given === null || (!field.pointer && field.default !== undefined && isZero(field, given));
  const value = absent ? field.default : given;
  if (isStruct(field)) return fill(field.type, isObject(value) ? value : {});
  if (value === undefined) return field.pointer ? undefined : zeroOf(field);
  return field.type === 'duration' && typeof value === 'string' ? normalDuration(value) : value;
}

function isStruct(field: FieldRecord): boolean {
  return field.written === true && !field.list && !field.map && typeRecord(field.type) !== undefined;
}

function zeroOf(field: FieldRecord): unknown {
  if (field.list) return [];
  if (field.map) return {};
  const zeros: Readonly<Record<string, unknown>> = {
    string: '',
    bool: false,
    int32: 0,
    int64: 0,
    double: 0,
    duration: '0s',
    quantity: '0',
  };
  return zeros[field.type];
}

function isZero(field: FieldRecord, value: unknown): boolean {
  if (field.list || field.map) return false;
  return field.type === 'duration' ? typeof value === 'string' && normalDuration(value) === '0s' : value === zeroOf(field);
}

function normalDuration(text: string): string {
  try {
    return formatDuration(parseDuration(text));
  } catch {
    // Kept as it is: validation names the field.
    return text;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The configuration as `/configz` shows it: keys in record order, what is empty left out, maps sorted (component-base `configz`). */
export function configzForm(config: KubeletConfiguration): Record<string, unknown> {
  return { kind: CONFIG_KIND, apiVersion: CONFIG_API_VERSION, ...shown(CONFIG_TYPE, config) };
}

function shown(type: string, value: object): Record<string, unknown> {
  const form: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(typeRecord(type)?.fields ?? {})) {
    const part = (value as Record<string, unknown>)[name];
    if (part === undefined || (!field.written && isEmpty(field, part))) continue;
    if (field.map && isObject(part)) form[name] = Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    else form[name] = !field.list && isObject(part) && typeRecord(field.type) ? shown(field.type, part) : part;
  }
  return form;
}

function isEmpty(field: FieldRecord, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (field.map && isObject(value)) return Object.keys(value).length === 0;
  return !field.pointer && value === zeroOf(field);
}
