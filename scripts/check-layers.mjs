// Checks the layers of the house with dependency-cruiser, and that it has seen the house at all.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const cruise = ['node_modules/.bin/depcruise', 'src', '--config', '.dependency-cruiser.cjs'];
const { modules } = JSON.parse(output([...cruise, '--output-type', 'json']));
const ours = modules.filter(({ source }) => source.startsWith('src/')).length;
if (ours < 50) {
  console.error(`dependency-cruiser saw ${ours} modules of src only: its picture is not of this house`);
  process.exit(1);
}
execFileSync(process.execPath, [...cruise, '--output-type', 'err'], { stdio: 'inherit' });

function output(args) {
  try {
    return execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  } catch (error) {
    return error.stdout; // violations make it exit non-zero; they are printed below
  }
}
