import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { flagsPage } from '../../flags-page.ts';
import { routes } from '../routes.ts';
import { ask, startTestServer } from '../testing.ts';
import { openApiDocument } from './openapi.ts';
import { describedPaths } from './operations.ts';
import { apiPage } from './page.ts';

const docs = resolve(import.meta.dirname, '../../../../docs');

describe('the pages', () => {
  it('KUBELET-API.md is what the route table says (npm run docs)', () => {
    expect(readFileSync(`${docs}/KUBELET-API.md`, 'utf8')).toBe(apiPage(routes));
  });

  it('KUBELET-FLAGS.md is what the flag table says (npm run docs)', () => {
    expect(readFileSync(`${docs}/KUBELET-FLAGS.md`, 'utf8')).toBe(flagsPage());
  });
});

describe('/openapi/v3', () => {
  it('names every path and method that the server has, and no operation twice', async () => {
    const server = await startTestServer({}, { features: { apiExtensions: true, legacyEndpoints: true } });
    const { port = 0 } = server.addresses.secure ?? {};
    const { status, headers, body } = await ask(port, '/openapi/v3', { token: 'admin:*' });
    await server.close();
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    const document = JSON.parse(body) as { openapi: string; paths: Record<string, Record<string, { operationId?: string }>> };
    expect(document.openapi).toBe('3.0.0');
    expect(Object.keys(document.paths)).toEqual(describedPaths(routes).map(({ path }) => path));
    const ids = Object.values(document.paths).flatMap((item) => Object.values(item).flatMap(({ operationId }) => operationId ?? []));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('postExecNamespacePodContainer');
  });

  it('shows nothing that is switched off', () => {
    const { paths } = openApiDocument(routes, 'v1', (route) => route.switches.length === 0) as { paths: object };
    expect(Object.keys(paths)).toContain('/pods');
    expect(Object.keys(paths)).not.toContain('/configz');
    expect(Object.keys(paths)).not.toContain('/spec/');
  });
});
