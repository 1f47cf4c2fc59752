import { goFloat, type MetricFamily } from './family.ts';

/** Families as Prometheus text (version 0.0.4), sorted by name; a family without samples is left out. */
export function exposition(families: readonly MetricFamily[]): string {
  const sorted = [...families].sort((a, b) => (a.name < b.name ? -1 : 1));
  let text = '';
  for (const { name, help, type, write } of sorted) {
    let samples = '';
    write((suffix, labels, value) => {
      samples += `${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${goFloat(value)}\n`;
    });
    if (samples !== '') text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples}`;
  }
  return text;
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
