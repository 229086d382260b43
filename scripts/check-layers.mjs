// Checks that dependency-cruiser sees the house at all: with a compiler that it
// does not know it reads nothing, and finds no fault with that.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const json = execFileSync(process.execPath, ['node_modules/.bin/depcruise', 'src', '--output-type', 'json'], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
});
const { modules } = JSON.parse(json);
const ours = modules.filter(({ source }) => source.startsWith('src/'));
const imports = ours.flatMap(({ dependencies }) => dependencies);
console.log(`dependency-cruiser saw ${ours.length} modules of src and ${imports.length} imports`);
if (ours.length < 100 || imports.length < 300) {
  console.error('That is not this house: has the TypeScript compiler changed?');
  process.exit(1);
}
