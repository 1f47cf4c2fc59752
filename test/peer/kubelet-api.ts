/**
 * `npm run peer:kubelet -- --real=PORT --mine=PORT`: asks two kubelets that run alone with the same manifests the same
 * requests, byte by byte over TLS, and prints where their answers differ. The real one is Kubernetes' own kubelet on
 * containerd; both need anonymous requests, AlwaysAllow, the system log query, and a static pod web/logger with containers
 * main and side and web/dead that has failed. `--show=N` limits what is printed.
 */
import { connect } from 'node:tls';
import { requests, type PeerRequest } from './kubelet-requests.ts';

const argument = (name: string): string | undefined => process.argv.find((text) => text.startsWith(`--${name}=`))?.slice(name.length + 3);
const real = Number(argument('real'));
const mine = Number(argument('mine'));
const only = argument('only');
const show = Number(argument('show') ?? 50);
if (!Number.isInteger(real) || !Number.isInteger(mine)) {
  process.stderr.write('usage: npm run peer:kubelet -- --real=PORT --mine=PORT [--only=TEXT] [--show=N]\n');
  process.exit(2);
}

interface Answer {
  readonly status: string;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Sends the bytes and reads until the server closes, or is silent for a while. */
function ask(port: number, { bytes, quietMs = 700 }: PeerRequest): Promise<Answer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => socket.write(bytes));
    let timer = setTimeout(() => socket.destroy(), 8000);
    const limit = setTimeout(() => socket.destroy(), 12_000);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(() => socket.destroy(), quietMs);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      clearTimeout(limit);
      resolve(read(Buffer.concat(chunks).toString('latin1')));
    });
  });
}

// Whether Go sends a body in chunks depends on its length, and after a refused upgrade it keeps the connection.
const VARIES = /^(date|content-length|transfer-encoding|process-start-time-unix|last-modified|sec-websocket-accept|connection: close)/i;

function read(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [status = '', ...headers] = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  const body = end < 0 ? '' : text.slice(end + 4);
  const kept = headers.filter((line) => !VARIES.test(line)).map((line) => line.toLowerCase());
  const chunked = headers.some((line) => /^transfer-encoding: chunked$/i.test(line));
  return { status, headers: kept.toSorted(), body: mask(chunked ? unchunk(body) : body) };
}

function unchunk(body: string): string {
  let text = '';
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, end), 16);
    if (end < 0 || !(size > 0)) return text;
    text += body.slice(end + 2, end + 2 + size);
    at = end + 2 + size + 2;
  }
  return text;
}

/** What differs between two nodes by nature. */
function mask(body: string): string {
  return (
    body
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, '<time>')
      .replace(/[0-9a-f]{64}/g, '<hash>')
      .replace(/[0-9a-f]{32}/g, '<uid>')
      .replace(/(Date|Last-Modified): [^\r]*GMT/g, '$1: <date>')
      // Which of two streams was read first is chance.
      .replace(/\b(out|err)( line| l\b)?/g, '<stream>$2')
      .replace(/boundary=\w+|--\w{60}/g, '<boundary>')
  );
}

const uids = await Promise.all([real, mine].map(uidOf));

async function uidOf(port: number): Promise<string> {
  const { body } = await ask(port, { name: '', bytes: 'GET /pods HTTP/1.0\r\n\r\n' });
  const uid = /"name":"logger-[^"]*","namespace":"web","uid":"([^"]+)"/.exec(body);
  return uid?.[1] ?? (/<uid>/.test(body) ? await rawUid(port) : '');
}

function rawUid(port: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write('GET /pods HTTP/1.0\r\n\r\n'));
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(/"name":"logger-[^"]*","namespace":"web","uid":"([^"]+)"/.exec(text)?.[1] ?? ''));
  });
}

let same = 0;
let differ = 0;
const AT_ONCE = 12;
const chosen = requests.filter((request) => only === undefined || request.name.includes(only));
let next = 0;

async function work(): Promise<void> {
  for (let request = chosen[next++]; request !== undefined; request = chosen[next++]) await compare(request);
}

async function compare(request: PeerRequest): Promise<void> {
  const [r, m] = await Promise.all(
    [real, mine].map((port, i) => ask(port, { ...request, bytes: request.bytes.replaceAll('UID', uids[i] ?? '') })),
  );
  if (r === undefined || m === undefined) return;
  const bodies = request.looseBody === true || r.body === m.body;
  if (r.status === m.status && String(r.headers) === String(m.headers) && bodies) {
    same += 1;
    return;
  }
  differ += 1;
  if (differ > show) return;
  process.stdout.write(`${request.name}\n`);
  if (r.status !== m.status) process.stdout.write(`  status  ${r.status}\n  here    ${m.status}\n`);
  const lacks = r.headers.filter((line) => !m.headers.includes(line));
  const more = m.headers.filter((line) => !r.headers.includes(line));
  if (lacks.length + more.length > 0) process.stdout.write(`  headers ${JSON.stringify(lacks)}\n  here    ${JSON.stringify(more)}\n`);
  if (!bodies)
    process.stdout.write(`  body    ${JSON.stringify(r.body.slice(0, 400))}\n  here    ${JSON.stringify(m.body.slice(0, 400))}\n`);
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
process.stdout.write(`${same} of ${same + differ} the same\n`);
process.exit(differ > 0 ? 1 : 0);
