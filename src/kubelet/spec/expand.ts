/** `$(NAME)` references in commands, arguments and values (kubernetes `third_party/forked/golang/expansion/expand.go`). */

/** Replaces `$(NAME)` by what `lookup` gives; unknown references stay, `$$` becomes `$`. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = '';
  let rest = 0;
  for (let i = 0; i + 1 < text.length; i++) {
    if (text[i] !== '$') continue;
    out += text.slice(rest, i);
    const next = text[i + 1];
    const close = next === '(' ? text.indexOf(')', i + 2) : -1;
    if (next === '$') {
      out += '$';
      i++;
    } else if (close >= 0) {
      const name = text.slice(i + 2, close);
      out += lookup(name) ?? `$(${name})`;
      i = close;
    } else {
      out += text.slice(i, i + 2);
      i++;
    }
    rest = i + 1;
  }
  return out + text.slice(rest);
}
