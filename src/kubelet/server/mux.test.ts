import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultKubeletConfiguration } from '../config.ts';
import { buildMux, matchPath, matchRoute } from './mux.ts';
import { routes } from './routes.ts';

const config = defaultKubeletConfiguration();
const secure = buildMux(routes, 'secure', config);

/** Paths near those that exist: real elements, tricks and rubbish. */
const element = fc.oneof(
  fc.constantFrom(
    'pods',
    'exec',
    'logs',
    'metrics',
    'cadvisor',
    'debug',
    'pprof',
    'healthz',
    '..',
    '.',
    '',
    '%2e%2e',
    '%2f',
    '%00',
    'PODS',
    'containerLogs',
    '{pod}',
  ),
  fc.string({ maxLength: 6 }),
);
const path = fc.array(element, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

describe('matchPath', () => {
  it('never throws, and a redirect leads to a path that is clean', () => {
    fc.assert(
      fc.property(path, (raw) => {
        const match = matchPath(secure, raw, 'a=b');
        if (match.kind !== 'redirect') return;
        const target = match.location.slice(0, match.location.indexOf('?a=b'));
        const again = matchPath(secure, target, '');
        expect(again.kind === 'redirect' ? again.location : target).toMatch(/^\/([^/]|$)/);
        expect(target.includes('//') || target.split('/').includes('..')).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  it('finds nothing that no route names', () => {
    const roots = new Set(routes.map((r) => (r.registration === 'exact' ? r.path : r.root).split('/')[1]));
    fc.assert(
      fc.property(path, (raw) => {
        const match = matchPath(secure, raw, '');
        if (match.kind !== 'found') return;
        expect(roots).toContain(decodeURIComponent(raw.split('/')[1] ?? ''));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('matchRoute', () => {
  it('gives parameters that together are the path', () => {
    const service = matchPath(secure, '/exec/a/b/c', '');
    if (service.kind !== 'found' || service.registration.kind !== 'service') throw new Error('exec is a service');
    const { routes: execRoutes } = service.registration;
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ minLength: 1, maxLength: 8 }).filter((s) => !s.includes('/')),
          { maxLength: 6 },
        ),
        (parts) => {
          const match = matchRoute(execRoutes, {
            method: 'GET',
            path: `/exec/${parts.join('/')}`,
            accept: undefined,
          });
          if (match.kind === 'route') expect(Object.values(match.params)).toEqual(parts);
          expect(match.kind).toBe(parts.length === 3 || parts.length === 4 ? 'route' : 'refused');
        },
      ),
    );
  });
});

describe('the table', () => {
  it('says of every route who may ask and what it is for', () => {
    for (const route of routes) {
      expect(route.subresources.length).toBeGreaterThan(0);
      expect(route.doc).toMatch(/\.$/);
      if (route.registration === 'service') expect(route.methods.length).toBeGreaterThan(0);
    }
  });

  it('keeps everything that changes or enters a container off the open servers', () => {
    for (const server of ['readonly', 'healthz'] as const) {
      const mux = buildMux(routes, server, config);
      for (const open of [
        '/exec/a/b/c',
        '/attach/a/b/c',
        '/run/a/b/c',
        '/portForward/a/b',
        '/containerLogs/a/b/c',
        '/logs/',
        '/checkpoint/a/b/c',
        '/debug/flags/v',
        '/debug/pprof/heap',
        '/configz',
      ]) {
        const match = matchPath(mux, open, '');
        expect([open, match.kind === 'found' ? match.registration.kind : match.kind]).toEqual([
          open,
          expect.stringMatching(/^(disabled|notFound)$/),
        ]);
      }
    }
  });
});
