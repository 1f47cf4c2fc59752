/** PEM (RFC 7468). */

export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;

/** Every block of a PEM text; text between blocks is skipped, a block that is not base64 too. */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const [, label = '', body = ''] of text.matchAll(BLOCK)) {
    const base64 = body.replace(/\s+/g, '');
    if (/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) blocks.push({ label, der: Buffer.from(base64, 'base64') });
  }
  return blocks;
}

/** The certificates of a bundle in DER, in order. */
export function pemCertificates(text: string): Buffer[] {
  return pemBlocks(text)
    .filter((block) => block.label === 'CERTIFICATE')
    .map((block) => block.der);
}

/** One PEM block. */
export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
