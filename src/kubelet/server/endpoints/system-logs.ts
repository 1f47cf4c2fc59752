/** `/logs/`: the files of the machine's log directory, or with a query the logs of its services. */
import { posix } from 'node:path';
import { goHttpError } from '../../../net/respond.ts';
import { gateIsOn } from '../feature-gates.ts';
import { serveFile, type FileRoot } from '../logs/file-server.ts';
import { aggregate, parseLogQuery, validateLogQuery } from '../logs/log-query.ts';
import { serveServiceLogs } from '../logs/service-logs.ts';
import type { Handler, ServerContext } from '../request.ts';

export const systemLogsEndpoint: Handler = async ({ exchange, context }) => {
  const urlPath = exchange.target.path ?? '';
  const path = urlPath.slice('/logs/'.length);
  const files: FileRoot = {
    host: context.host,
    contentTypes: context.contentTypes,
    root: context.systemLogDir,
    // The runtime's logs are linked by pod and container name; their files may be kept elsewhere.
    links: [{ from: 'containers', to: context.config.podLogsDir }],
  };
  if (!context.config.enableSystemLogQuery || !gateIsOn(context.config, 'NodeLogQuery')) {
    await serveFile(files, exchange, path, urlPath);
    return;
  }
  const parsed = parseLogQuery(exchange.target.query);
  if ('errors' in parsed) {
    goHttpError(exchange, 400, aggregate(parsed.errors));
    return;
  }
  const { query } = parsed;
  if (query === undefined) {
    await serveFile(files, exchange, path, urlPath);
    return;
  }
  if (path !== '' && path !== '/') {
    goHttpError(exchange, 406, 'path not allowed in query mode');
    return;
  }
  const errors = await validateLogQuery(query, (file) => fileProblem(context, file));
  if (errors.length > 0) goHttpError(exchange, 406, aggregate(errors));
  else if (query.services.length > 0) await serveServiceLogs(context.host, context.systemLogDir, exchange, query);
  else {
    const file = (query.files[0] ?? '').replaceAll('\\', '/');
    await serveFile(files, exchange, file, `/${file}`);
  }
};

/** Why a file of the query cannot be served, in the words of Go's `os.Root`. */
async function fileProblem({ host, systemLogDir }: ServerContext, name: string): Promise<string | undefined> {
  const file = name.replaceAll('\\', '/');
  const escapes = `statat ${name}: path escapes from parent`;
  if (file.startsWith('/')) return escapes;
  try {
    const root = await host.files.realpath(systemLogDir);
    // One element after the other, as `os.Root` walks: what a `..` steps back from must be there.
    let real = root;
    for (const element of file.split('/')) {
      if (element === '..' && real === root) return escapes;
      real = await host.files.realpath(posix.join(real, element));
      if (real !== root && !real.startsWith(`${root}/`)) return escapes;
    }
    return undefined;
  } catch {
    return `statat ${name}: no such file or directory`;
  }
}
