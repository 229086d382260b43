/** The JSON Schemas of what `--json` prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { repository } from './world.js';

const directory = join(repository, 'schemas');

/** The names of the schemas: commands, and what they have in common. */
export const schemaNames: readonly string[] = readdirSync(directory).map((name) => name.split('.')[0] ?? '');

const ajv = new Ajv2020({ allErrors: true });
for (const name of schemaNames)
  ajv.addSchema(JSON.parse(readFileSync(join(directory, `${name}.schema.json`), 'utf8')));

/** What is wrong with a document, by the schema of this name; nothing where it fits. */
export function misfits(name: string, document: unknown): string[] {
  const validate = ajv.getSchema(`${name}.schema.json`);
  if (validate === undefined) throw new Error(`there is no schema ${name}`);
  if (validate(document) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

/** Each line of an output as a document. @throws for a line that is not one object, or whose first member is another */
export function documentsIn(output: string): object[] {
  const lines = output.split('\n');
  if (lines.pop() !== '') throw new Error('the last line is not ended');
  return lines.map((line) => {
    if (!line.startsWith('{"version":1,')) throw new Error(`this does not begin with its version: ${line}`);
    return JSON.parse(line) as object;
  });
}
