/** How Go writes things that peers compare or parse. */

const HTML = /[<>&\u2028\u2029]/g;

/** Compact JSON as Go's encoder writes it: `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(HTML, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `%v` of a slice of strings. */
export function goSlice(values: readonly string[]): string {
  return `[${values.join(' ')}]`;
}

/** `%#v` of an `http.Header`, from the header lines of a request. */
export function goHeader(rawHeaders: readonly string[]): string {
  const grouped = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase().replace(/(^|-)[a-z]/g, (letters) => letters.toUpperCase());
    if (name !== 'Host') grouped.set(name, [...(grouped.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  const entries = [...grouped].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const values = (list: string[]): string => list.map((value) => JSON.stringify(value)).join(', ');
  return `http.Header{${entries.map(([name, list]) => `${JSON.stringify(name)}:[]string{${values(list)}}`).join(', ')}}`;
}

/** `http.CanonicalHeaderKey` for plain names, and whether a list header holds a word, whatever its case. */
export function headerHas(value: string | undefined, word: string): boolean {
  return value?.toLowerCase().includes(word) ?? false;
}
