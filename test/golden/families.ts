/**
 * `npm run golden:families -- FOLDER`: writes what recordings of the original kubelet say of its families of metrics into
 * test/support/recorded-families.jsonl, which the end-to-end tests compare with. Without a folder: ../shared/golden.
 */
import { writeFileSync } from 'node:fs';
import { RECORDED_FILE } from '../support/families.ts';
import { readRecordedFamilies, writeFamilies } from './recorded-families.ts';

const recorded = readRecordedFamilies(process.argv[2] ?? '../shared/golden');
writeFileSync(RECORDED_FILE, writeFamilies(recorded));
const counts = Object.entries(recorded).map(([path, families]) => `${path} ${Object.keys(families).length}`);
process.stdout.write(`${RECORDED_FILE}: ${counts.join(', ')}\n`);
