/** One member for `writeTar`. */
export interface TarMember {
  readonly path: string;
  readonly type?: '0' | '1' | '2' | '3' | '4' | '5' | '6' | 'L' | 'K' | 'x';
  readonly content?: Buffer | string;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
}

/** A ustar archive for tests. */
export function writeTar(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap((member) => {
    const content = Buffer.from(member.content ?? '');
    return [header(member, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(member: TarMember, size: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(member.path.slice(0, 100), 0, 'utf8');
  octal(block, 100, 8, member.mode ?? 0o644);
  octal(block, 108, 8, member.uid ?? 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, 1_700_000_000);
  block.write(member.type ?? '0', 156, 'latin1');
  block.write(member.link ?? '', 157, 'utf8');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
}

/** A pax record: its own length, a blank, `key=value`, a newline. */
export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(body) + 1;
  while (String(length).length + Buffer.byteLength(body) !== length) length = String(length).length + Buffer.byteLength(body);
  return `${length}${body}`;
}
