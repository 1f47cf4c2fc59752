/** `npm run docs`: writes docs/KUBELET-API.md and docs/KUBELET-FLAGS.md from the tables of the kubelet. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { flagsPage } from '../src/kubelet/flags-page.ts';
import { apiPage } from '../src/kubelet/server/describe/page.ts';
import { routes } from '../src/kubelet/server/routes.ts';

mkdirSync('docs', { recursive: true });
writeFileSync('docs/KUBELET-API.md', apiPage(routes));
writeFileSync('docs/KUBELET-FLAGS.md', flagsPage());
