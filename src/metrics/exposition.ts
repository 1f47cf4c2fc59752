import { goFloat, type MetricFamily } from './family.ts';

/** Families as Prometheus text (version 0.0.4), sorted by name; a family without samples is left out. */
export function exposition(families: readonly MetricFamily[]): string {
  const sorted = [...families].sort((a, b) => (a.name < b.name ? -1 : 1));
  const parts: string[] = [];
  for (const { name, help, type, write } of sorted) {
    let samples = '';
    write((suffix, labels, value, at) => {
      samples += `${name}${suffix}${labels === '' ? '' : `{${labels}}`} ${goFloat(value)}${at === undefined ? '' : ` ${at}`}\n`;
    });
    if (samples !== '') parts.push(familyHead(name, type, help), samples);
  }
  return parts.join('');
}

/** The two lines before a family's samples. */
export function familyHead(name: string, type: string, help: string): string {
  return `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
}
