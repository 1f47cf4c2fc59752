/** Label selectors, as text and as objects; field selectors are in `field-selectors.ts` (apimachinery `pkg/labels/selector.go`, `pkg/apis/meta/v1/helpers.go`). */
import { aggregate, forbiddenField, invalidValue, required } from './field-errors.ts';
import type { FieldError } from './field-errors.ts';
import { labelValue, qualifiedName } from './names.ts';
import { SelectorError } from './selector-error.ts';
import type { LabelSelector, Loose, ObjectOf } from './types.ts';

type LabelSelectorRequirement = ObjectOf<'meta/v1.LabelSelectorRequirement'>;

export { SelectorError } from './selector-error.ts';

export type Labels = Readonly<Record<string, string>>;
export type LabelOperator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  readonly values: readonly string[];
}

/** A parsed selector. */
export interface LabelSelectorMatcher {
  readonly requirements: readonly LabelRequirement[];
  /** It matches everything. */
  readonly empty: boolean;
  matches(labels: Labels | undefined): boolean;
  /** The canonical text. */
  toString(): string;
}

/** Longest selector that is read; a URL cannot carry more. */
const MAX_LENGTH = 64 * 1024;
const INTEGER = /^[-+]?[0-9]{1,18}$/;
const BINARY_OPERATORS = 'in, notin, =, ==, !=, gt, lt';

const SYMBOLS = [')', '(', ',', '!', '=', '==', '!=', '>', '<'] as const;
interface Token {
  readonly type: 'identifier' | 'end' | 'in' | 'notin' | (typeof SYMBOLS)[number];
  readonly text: string;
}

const symbolOf = (text: string): (typeof SYMBOLS)[number] | undefined => SYMBOLS.find((symbol) => symbol === text);

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const scanner = /[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>]+))/y;
  for (let found = scanner.exec(text); found !== null; found = scanner.exec(text)) {
    const [, symbol = '', word = ''] = found;
    const type = symbolOf(symbol);
    if (type !== undefined) tokens.push({ type, text: symbol });
    else tokens.push({ type: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
  }
  return [...tokens, { type: 'end', text: '' }];
}

/** Reads the text form: `a=b,c!=d,e in (f,g),!h`. Throws SelectorError. */
export function parseLabelSelector(text: string): LabelSelectorMatcher {
  if (text.length > MAX_LENGTH) throw new SelectorError(`selector is longer than ${MAX_LENGTH} characters`);
  const reader = tokenReader(tokensOf(text));
  const requirements: LabelRequirement[] = [];
  for (;;) {
    const token = reader.peek();
    if (token.type === 'end') break;
    if (token.type !== 'identifier' && token.type !== '!')
      throw new SelectorError(`found '${token.text}', expected: !, identifier, or 'end of string'`);
    requirements.push(requirement(reader));
    const next = reader.take();
    if (next.type === 'end') break;
    if (next.type !== ',') throw new SelectorError(`found '${next.text}', expected: ',' or 'end of string'`);
    const after = reader.peek();
    if (after.type !== 'identifier' && after.type !== '!') throw new SelectorError(`found '${after.text}', expected: identifier after ','`);
  }
  return matcher(requirements);
}

interface TokenReader {
  /** The next token; `in` and `notin` count as identifiers. */
  peek(): Token;
  take(): Token;
  /** The next token as an operator. */
  takeOperator(): Token;
}

function tokenReader(tokens: readonly Token[]): TokenReader {
  let at = 0;
  const current = (): Token => tokens[at] ?? { type: 'end', text: '' };
  const asValue = (token: Token): Token =>
    token.type === 'in' || token.type === 'notin' ? { type: 'identifier', text: token.text } : token;
  const advance = (): Token => {
    const token = current();
    at++;
    return token;
  };
  return { peek: () => asValue(current()), take: () => asValue(advance()), takeOperator: advance };
}

const unparsable = (why: string): SelectorError => new SelectorError(`unable to parse requirement: ${why}`);

function requirement(reader: TokenReader): LabelRequirement {
  let token = reader.take();
  const negated = token.type === '!';
  if (negated) token = reader.take();
  if (token.type !== 'identifier') throw unparsable(`found '${token.text}', expected: identifier`);
  const key = token.text;
  const keyFaults = qualifiedName(key);
  if (keyFaults.length > 0) throw unparsable(aggregate([invalidValue('<nil>', key, keyFaults.join('; '))]));
  const next = reader.peek().type;
  if (negated) return checked({ key, operator: '!', values: [] });
  if (next === 'end' || next === ',') return checked({ key, operator: 'exists', values: [] });
  const operator = operatorOf(reader.takeOperator());
  const values = operator === 'in' || operator === 'notin' ? valueSet(reader) : [exactValue(reader)];
  return checked({ key, operator, values: [...new Set(values)].toSorted() });
}

const OPERATORS: Readonly<Partial<Record<Token['type'], LabelOperator>>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
};

function operatorOf({ type, text }: Token): LabelOperator {
  const operator = OPERATORS[type];
  if (operator === undefined) throw unparsable(`found '${text}', expected: ${BINARY_OPERATORS}`);
  return operator;
}

function valueSet(reader: TokenReader): string[] {
  const open = reader.take();
  if (open.type !== '(') throw unparsable(`found '${open.text}' expected: '('`);
  const first = reader.peek();
  if (first.type !== 'identifier' && first.type !== ',' && first.type !== ')')
    throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
  const values: string[] = [];
  let wanted = true;
  for (;;) {
    const token = reader.take();
    if (token.type === 'identifier' && wanted) {
      values.push(token.text);
      wanted = false;
      const next = reader.peek();
      if (next.type !== ',' && next.type !== ')') throw unparsable(`found '${next.text}', expected: ',' or ')'`);
    } else if (token.type === ',' || token.type === ')') {
      if (wanted) values.push('');
      if (token.type === ')') return values;
      wanted = true;
    } else throw unparsable(`found '${token.text}', expected: ',', or identifier`);
  }
}

function exactValue(reader: TokenReader): string {
  const next = reader.peek();
  if (next.type === 'end' || next.type === ',') return '';
  const token = reader.take();
  if (token.type !== 'identifier') throw unparsable(`found '${token.text}', expected: identifier`);
  return token.text;
}

function checked(of: LabelRequirement): LabelRequirement {
  const faults = requirementFaults(of);
  if (faults.length > 0) throw unparsable(aggregate(faults));
  return of;
}

function requirementFaults({ key, operator, values }: LabelRequirement): FieldError[] {
  const numbers = operator === 'gt' || operator === 'lt' ? values : [];
  const notNumbers = numbers.flatMap((value, i) =>
    /^[-+]?[0-9]{1,18}$/.test(value) ? [] : [invalidValue(`values[${i}]`, value, "for 'Gt', 'Lt' operators, the value must be an integer")],
  );
  const badValues = values.flatMap((value, i) => {
    const faults = labelValue(value);
    return faults.length === 0 ? [] : [invalidValue(`values[${i}][${key}]`, value, faults.join('; '))];
  });
  return [...notNumbers, ...badValues];
}

function matcher(requirements: readonly LabelRequirement[], nothing = false): LabelSelectorMatcher {
  const ordered = requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return {
    requirements: ordered,
    empty: ordered.length === 0 && !nothing,
    matches: (labels) => !nothing && ordered.every((r) => satisfied(r, labels ?? {})),
    toString: () => ordered.map(requirementText).join(','),
  };
}

function satisfied({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  if (value === undefined) return operator === '!' || operator === '!=' || operator === 'notin';
  if (operator === 'exists' || operator === '!') return operator === 'exists';
  if (operator === 'gt' || operator === 'lt') return isOrdered(value, operator, values[0] ?? '');
  return values.includes(value) === (operator === '=' || operator === '==' || operator === 'in');
}

function isOrdered(value: string, operator: 'gt' | 'lt', bound: string): boolean {
  if (!INTEGER.test(value) || !INTEGER.test(bound)) return false;
  const difference = BigInt(value.replace('+', '')) - BigInt(bound.replace('+', ''));
  return operator === 'gt' ? difference > 0n : difference < 0n;
}

function requirementText({ key, operator, values }: LabelRequirement): string {
  if (operator === 'exists') return key;
  if (operator === '!') return `!${key}`;
  if (operator === 'in' || operator === 'notin') return `${key} ${operator} (${values.join(',')})`;
  const sign = operator === 'gt' ? '>' : operator === 'lt' ? '<' : operator;
  return `${key}${sign}${values[0] ?? ''}`;
}

/** Matches everything. */
export const everything: LabelSelectorMatcher = matcher([]);
/** Matches nothing. */
export const nothing: LabelSelectorMatcher = matcher([], true);

const OBJECT_OPERATORS: Readonly<Record<string, LabelOperator>> = { In: 'in', NotIn: 'notin', Exists: 'exists', DoesNotExist: '!' };

/**
 * A matcher of a LabelSelector object. No selector (undefined) matches nothing, an empty one
 * everything. Throws SelectorError on an operator that does not exist.
 */
export function matcherOf(selector: LabelSelector | undefined | null): LabelSelectorMatcher {
  if (selector === undefined || selector === null) return nothing;
  const exact = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelRequirement => ({
    key,
    operator: '=',
    values: [value],
  }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): LabelRequirement => {
    const meaning = OBJECT_OPERATORS[operator];
    if (meaning === undefined) throw new SelectorError(`${JSON.stringify(operator)} is not a valid label selector operator`);
    return { key, operator: meaning, values: values.toSorted() };
  });
  return matcher([...exact, ...expressions]);
}

/** A matcher of a plain map of labels, as Services and ReplicationControllers have: empty matches everything. */
export const matcherOfLabels = (labels: Labels | undefined): LabelSelectorMatcher => matcherOf({ matchLabels: { ...labels } });

/** What is wrong with a LabelSelector object (apimachinery `pkg/apis/meta/v1/validation`). */
export function labelSelectorFaults(selector: Loose<LabelSelector> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value = ''] of Object.entries(selector?.matchLabels ?? {})) {
    for (const fault of qualifiedName(key)) errors.push(invalidValue(`${path}.matchLabels`, key, fault));
    for (const fault of labelValue(value)) errors.push(invalidValue(`${path}.matchLabels`, value, fault));
  }
  for (const [i, expression] of (selector?.matchExpressions ?? []).entries())
    expressionFaults(errors, `${path}.matchExpressions[${i}]`, expression);
  return errors;
}

function expressionFaults(
  errors: FieldError[],
  at: string,
  { key = '', operator = '', values = [] }: Loose<LabelSelectorRequirement>,
): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      errors.push(forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else errors.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
  for (const fault of qualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, fault));
  for (const [n, value] of values.entries()) {
    for (const fault of labelValue(value)) errors.push(invalidValue(`${at}.values[${n}]`, value, fault));
  }
}

export { checkFieldSelector, parseFieldSelector, selectableFields } from './field-selectors.ts';
export type { FieldRequirement, FieldSelector } from './field-selectors.ts';
