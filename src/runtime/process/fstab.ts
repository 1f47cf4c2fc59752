/** One line of a mount table that `mount -a -T` reads. */
export interface MountLine {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Text of a mount table. Blanks, backslashes and `#` of a path are written in octal, as fstab(5) asks. */
export function mountTable(lines: readonly MountLine[]): string {
  return lines
    .map((line) => `${escapeField(line.source)} ${escapeField(line.target)} ${line.type} ${line.options.join(',')} 0 0\n`)
    .join('');
}

/** A path that can stand in a mount table: absolute, normal, and without the bytes that no table can carry. */
export function isMountablePath(path: string): boolean {
  return path.startsWith('/') && !path.includes('\0') && path.split('/').every((part) => part !== '..' && part !== '.');
}

function escapeField(text: string): string {
  return text.replaceAll(/[\s\\#]/g, (character) => {
    const bytes = Buffer.from(character);
    return [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  });
}
