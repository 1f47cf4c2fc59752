/**
 * The rules for names, keys and values. Each function answers with what is wrong, in the API's own
 * words, or with an empty list (apimachinery `pkg/util/validation/validation.go`, `pkg/api/validate/content`).
 */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const KEY = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const VALUE = `(${KEY})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';
const IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*';
const PERCENT = '[0-9]+%';
const HEADER = '[-A-Za-z0-9]+';
const WILDCARD = `\\*\\.${SUBDOMAIN}`;
const whole = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const PATTERNS = {
  label: whole(LABEL),
  subdomain: whole(SUBDOMAIN),
  label1035: whole(LABEL_1035),
  key: whole(KEY),
  value: whole(VALUE),
  configKey: whole(CONFIG_KEY),
  identifier: whole(IDENTIFIER),
  percent: whole(PERCENT),
  header: whole(HEADER),
  wildcard: whole(WILDCARD),
};

export const LABEL_MAX = 63;
export const SUBDOMAIN_MAX = 253;
const PORT_NAME_MAX = 15;

/** `<rule> (e.g. 'a',  or 'b', regex used for validation is '…')`. */
function rule(text: string, pattern: string, ...examples: string[]): string {
  const shown = examples.map((e) => `'${e}', `).join(' or ');
  return `${text} (${shown === '' ? '' : `e.g. ${shown}`}regex used for validation is '${pattern}')`;
}
const tooLong = (most: number, unit: 'bytes' | 'characters'): string => `must be no more than ${most} ${unit}`;
const bytes = (text: string): number => Buffer.byteLength(text);
// The original counts bytes either way; it says so for label keys and values only.
const limited = (text: string, most: number, unit: 'bytes' | 'characters' = 'characters'): string[] =>
  bytes(text) > most ? [tooLong(most, unit)] : [];
// A hostile name may be huge: the nested repetitions of the patterns see short text only.
const fits = (pattern: RegExp, text: string, most = 1024): boolean => text.length <= most && pattern.test(text);

const NOT_LABEL = rule(
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  LABEL,
  'my-name',
  '123-abc',
);
const NOT_SUBDOMAIN = rule(
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  SUBDOMAIN,
  'example.com',
);
const NOT_1035 = rule(
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
  LABEL_1035,
  'my-name',
  'abc-123',
);
const KEY_RULE = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const KEY_EXAMPLES = ['MyName', 'my.name', '123-abc'] as const;
const NOT_VALUE = rule(
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  VALUE,
  'MyValue',
  'my_value',
  '12345',
);
const NOT_CONFIG_KEY = rule(
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  CONFIG_KEY,
  'key.name',
  'KEY_NAME',
  'key-name',
);
const NOT_IDENTIFIER = rule(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  IDENTIFIER,
  'my_name',
  'MY_NAME',
  'MyName',
);
const NOT_ENV_NAME = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const NOT_WILDCARD = rule(
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
  WILDCARD,
  '*.example.com',
);

/** RFC 1123 label: containers, volumes, namespaces. */
export function dnsLabel(name: string): string[] {
  const faults = limited(name, LABEL_MAX);
  if (fits(PATTERNS.label, name)) return faults;
  return [...faults, fits(PATTERNS.subdomain, name) ? 'must not contain dots' : NOT_LABEL];
}

/** RFC 1123 subdomain: most object names. */
export const dnsSubdomain = (name: string): string[] => [
  ...limited(name, SUBDOMAIN_MAX),
  ...(fits(PATTERNS.subdomain, name) ? [] : [NOT_SUBDOMAIN]),
];

/** RFC 1035 label: it starts with a letter. */
export const dns1035Label = (name: string): string[] => [
  ...limited(name, LABEL_MAX),
  ...(fits(PATTERNS.label1035, name) ? [] : [NOT_1035]),
];

/** `*.example.com`. */
export const wildcardSubdomain = (name: string): string[] => [
  ...limited(name, SUBDOMAIN_MAX),
  ...(fits(PATTERNS.wildcard, name) ? [] : [NOT_WILDCARD]),
];

/** A name with an optional DNS prefix: label and annotation keys, resource names, finalizers. */
export function qualifiedName(key: string): string[] {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (name.includes('/')) {
    return [
      `${rule(`a valid label key ${KEY_RULE}`, KEY, ...KEY_EXAMPLES)} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const prefix = slash < 0 ? [] : slash === 0 ? ['must be non-empty'] : dnsSubdomain(key.slice(0, slash));
  const size = name === '' ? ['must be non-empty'] : limited(name, LABEL_MAX, 'bytes');
  const shape = fits(PATTERNS.key, name) ? [] : [rule(KEY_RULE, KEY, ...KEY_EXAMPLES)];
  return [...prefix.map((fault) => `prefix part ${fault}`), ...[...size, ...shape].map((fault) => `name part ${fault}`)];
}

/** The value of a label: empty is fine. */
export const labelValue = (value: string): string[] => [
  ...limited(value, LABEL_MAX, 'bytes'),
  ...(fits(PATTERNS.value, value) ? [] : [NOT_VALUE]),
];

/** A name that is one segment of a path: RBAC objects. */
export function pathSegment(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((c) => name.includes(c)).map((c) => `may not contain '${c}'`);
}

/** No `.`, no `..`, nothing that starts with `..`. */
function noParent(name: string): string[] {
  if (name === '.' || name === '..') return [`must not be '${name}'`];
  return name.startsWith('..') ? ["must not start with '..'"] : [];
}

/** A key of a ConfigMap or Secret: it becomes a file name. */
export const configKey = (key: string): string[] => [
  ...limited(key, SUBDOMAIN_MAX),
  ...(fits(PATTERNS.configKey, key) ? [] : [NOT_CONFIG_KEY]),
  ...noParent(key),
];

/** The name of an environment variable: printable ASCII without `=`. */
export function envVarName(name: string): string[] {
  if (name === '') return ['environment variable name must be non-empty'];
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(name) ? [] : [NOT_ENV_NAME];
}

export const cIdentifier = (name: string): string[] => (fits(PATTERNS.identifier, name) ? [] : [NOT_IDENTIFIER]);
export const percent = (text: string): string[] =>
  fits(PATTERNS.percent, text)
    ? []
    : [rule("a valid percent string must be a numeric string followed by an ending '%'", PERCENT, '1%', '93%')];
export const httpHeaderName = (name: string): string[] =>
  fits(PATTERNS.header, name) ? [] : [rule("a valid HTTP header must consist of alphanumeric characters or '-'", HEADER, 'X-Header-Name')];

const inclusive = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;
/** Whether a number lies in a range, both ends included. */
export const inRange = (value: number, low: number, high: number): string[] =>
  value >= low && value <= high ? [] : [inclusive(low, high)];
export const portNumber = (port: number): string[] => inRange(port, 1, 65_535);

/** The name of a port (RFC 6335): at most 15 of `[-a-z0-9]`, with a letter. */
export function portName(name: string): string[] {
  const faults = limited(name, PORT_NAME_MAX);
  if (!/^[-a-z0-9]+$/.test(name)) faults.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(name)) faults.push('must contain at least one letter (a-z)');
  if (name.includes('--')) faults.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) faults.push('must not begin or end with a hyphen');
  return faults;
}
