import { goQuote } from '../../../api/field-errors.ts';
import { readBody } from '../../../net/body.ts';
import { sendText } from '../../../net/respond.ts';
import { errorText } from '../../../util/log.ts';
import type { Handler, KubeletRequest } from '../request.ts';

/** Bytes of a body that is repeated as no number. */
const MAX_BODY = 1 << 20;
const MAX_UINT32 = 0xffff_ffff;

/** `PUT /debug/flags/v` changes the verbosity of this process's log (apiserver `routes/flags.go`). */
export const verbosityEndpoint: Handler = async (request) => {
  const { exchange, context } = request;
  if (exchange.method !== 'PUT') {
    answer(request, 406, 'unsupported http method');
    return;
  }
  let text: string;
  try {
    text = (await readBody(exchange, MAX_BODY)).toString();
  } catch (error) {
    answer(request, 400, `error reading request body: ${errorText(error)}`);
    return;
  }
  const wrong = /^\d+$/.test(text) ? (Number(text) > MAX_UINT32 ? 'value out of range' : undefined) : 'invalid syntax';
  if (wrong !== undefined) {
    answer(request, 400, `strconv.ParseUint: parsing ${goQuote(text)}: ${wrong}`);
    return;
  }
  context.verbosity.level = Number(text);
  answer(request, 200, `successfully set klog.logging.verbosity to ${text}`);
};

function answer({ exchange }: KubeletRequest, status: number, text: string): void {
  sendText(exchange, status, `${text}\n`, { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' });
}
