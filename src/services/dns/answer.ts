/** One query to one response: from the zone, with aliases followed, or from elsewhere. */
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE } from 'dns-packet';
import type { Answer, DecodedPacket, OptAnswer, Packet, Question } from 'dns-packet';
import type { Forward } from './forward.ts';
import { authority, resolveInZone, type Zone } from './zone.ts';

export interface Resolver {
  /** Undefined until Services and endpoints have been read. */
  readonly zone: () => Zone | undefined;
  readonly domain: string;
  readonly forward: Forward;
}

const CODES = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
type Code = keyof typeof CODES;

const HEADER_BYTES = 12;
const RESPONSE_BIT = 0x80;
const OPCODE_BITS = 0x78;
const PLAIN_UDP_BYTES = 512;
/** What fits a frame everywhere (DNS Flag Day 2020). */
const MAX_UDP_BYTES = 1232;
const MAX_ALIASES = 8;

/** The response, or undefined for what is no query: it gets no answer at all. */
export async function respond(resolver: Resolver, message: Buffer, transport: 'udp' | 'tcp'): Promise<Buffer | undefined> {
  if (message.length < HEADER_BYTES || ((message[2] ?? 0) & RESPONSE_BIT) !== 0) return undefined;
  let query: DecodedPacket;
  try {
    query = decode(message);
  } catch {
    return bare(message, 'FORMERR');
  }
  const [question, second] = query.questions ?? [];
  if (((message[2] ?? 0) & OPCODE_BITS) !== 0) return bare(message, 'NOTIMP');
  if (question === undefined || second !== undefined) return bare(message, 'FORMERR');
  if (question.class !== 'IN') return bare(message, 'REFUSED');
  try {
    return (
      (await fromZone(resolver, query, question, transport)) ?? (await resolver.forward(message, transport)) ?? bare(message, 'SERVFAIL')
    );
  } catch {
    // A name that came in but cannot be written back.
    return bare(message, 'SERVFAIL');
  }
}

async function fromZone(
  resolver: Resolver,
  query: DecodedPacket,
  question: Question,
  transport: 'udp' | 'tcp',
): Promise<Buffer | undefined> {
  const zone = resolver.zone();
  if (zone === undefined) return isWithin(question.name, resolver.domain) ? finish(query, question, transport, 'SERVFAIL', {}) : undefined;
  const said = resolveInZone(zone, question.name, question.type);
  if (said === undefined) return undefined;
  const answers = [...said.answers];
  const code = question.type === 'CNAME' ? said.code : await followAliases(resolver, zone, question, answers, said.code, transport);
  const authorities = answers.length === 0 ? [authority(zone)] : [];
  return finish(query, question, transport, code, { answers, additionals: [...said.additionals], authorities });
}

/** Adds what the last alias leads to, for clients that ask one server once. */
async function followAliases(
  { forward }: Resolver,
  zone: Zone,
  { type }: Question,
  answers: Answer[],
  code: Code,
  transport: 'udp' | 'tcp',
): Promise<Code> {
  for (let i = 0; i < MAX_ALIASES; i++) {
    const last = answers.at(-1);
    if (last?.type !== 'CNAME') return code;
    const next = resolveInZone(zone, last.data, type);
    if (next !== undefined) answers.push(...next.answers);
    if (next !== undefined && next.answers.length === 0) return next.code;
    if (next !== undefined) continue;
    const asked = encode({ type: 'query', id: 0, flags: RECURSION_DESIRED, questions: [{ type, name: last.data, class: 'IN' }] });
    const answer = await forward(Buffer.from(asked), transport);
    if (answer === undefined) return 'SERVFAIL';
    const { answers: more = [], rcode } = decode(answer) as DecodedPacket & { rcode?: string };
    answers.push(...more);
    return rcode !== undefined && rcode in CODES ? (rcode as Code) : 'NOERROR';
  }
  return 'SERVFAIL';
}

/** Writes the response; what is too long for UDP goes without its records and says so. */
function finish(
  query: DecodedPacket,
  question: Question,
  transport: 'udp' | 'tcp',
  code: Code,
  records: Pick<Packet, 'answers' | 'additionals' | 'authorities'>,
): Buffer {
  const edns = query.additionals?.find((record): record is OptAnswer => record.type === 'OPT');
  const opt: OptAnswer[] =
    edns === undefined
      ? []
      : [
          {
            type: 'OPT',
            name: '.',
            udpPayloadSize: MAX_UDP_BYTES,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ];
  const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | CODES[code];
  const base: Packet = { type: 'response', id: query.id ?? 0, questions: [question] };
  const whole = Buffer.from(encode({ ...base, flags, ...records, additionals: [...(records.additionals ?? []), ...opt] }));
  const limit = edns === undefined ? PLAIN_UDP_BYTES : Math.min(Math.max(edns.udpPayloadSize, PLAIN_UDP_BYTES), MAX_UDP_BYTES);
  if (transport === 'tcp' || whole.length <= limit) return whole;
  return Buffer.from(encode({ ...base, flags: flags | TRUNCATED_RESPONSE, additionals: opt }));
}

/** A response of a header alone, for what cannot be read further. */
function bare(message: Buffer, code: Code): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  message.copy(header, 0, 0, 4);
  header[2] = ((message[2] ?? 0) & 0x79) | RESPONSE_BIT;
  header[3] = CODES[code] | RESPONSE_BIT;
  return header;
}

function isWithin(name: string, domain: string): boolean {
  const lower = name.toLowerCase();
  return lower === domain || lower.endsWith(`.${domain}`);
}
