/** Long lines of YAML, folded where Go's encoder folds them (libyaml's emitter with a width of 80). */

const WIDTH = 80;
/** What leads to a value on its line: indentation, dashes and marks of long keys, and a key with its colon. */
const LEAD = /^( *(?:[-?:] )*)((?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'](?:[^:\n]|:(?! |$))*?):(?: |$))?/;
const BLOCK = /(?:^|[ :-] *)[|>][-+0-9]*$/;

/** Folds plain and quoted values; the text must have each of them on one line. Literal blocks stay as they are. */
export function foldYaml(text: string): string {
  const lines = text.split('\n');
  const out: string[] = [];
  let block = -1;
  for (const line of lines) {
    const indent = line.search(/[^ ]/);
    if (block >= 0 && (indent < 0 || indent > block)) {
      out.push(line);
      continue;
    }
    const [lead = '', dashes = '', key] = LEAD.exec(line) ?? [];
    block = BLOCK.test(line) ? (key === undefined ? dashes.length - 2 : dashes.length) : -1;
    out.push(line.length > WIDTH && block < 0 ? folded(line, lead.length, dashes.length + (key === undefined ? 0 : 2)) : line);
  }
  return out.join('\n');
}

/** Breaks one line at spaces beyond the width; `start` is where the value begins, `indent` where its next lines do. */
function folded(line: string, start: number, indent: number): string {
  const quote = line[start];
  const last = line.length - (quote === '"' || quote === "'" ? 2 : 1);
  const pad = ' '.repeat(indent);
  let out = '';
  let from = 0;
  let shift = 0;
  for (let at = line.indexOf(' ', start + 1); at >= 0; at = line.indexOf(' ', at + 1)) {
    if (at - shift <= WIDTH || at >= last || line[at - 1] === ' ') continue;
    const spaceFollows = line[at + 1] === ' ';
    if (spaceFollows && quote !== '"') continue;
    // In double quotes a backslash keeps the space that would begin the next line.
    out += `${line.slice(from, at)}\n${pad}${spaceFollows ? '\\' : ''}`;
    from = at + 1;
    shift = from - indent - (spaceFollows ? 1 : 0);
  }
  return out + line.slice(from);
}
