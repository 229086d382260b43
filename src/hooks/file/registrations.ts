import type { Hooks } from '../../routing/hooks.js';
import { addRegistration, type NewRegistration, removeRegistration } from '../edit/edit-hooks.js';
import { parseHooks } from '../parse/parse-hooks.js';
import { editHooksFile, existingHooksText } from './hooks-file.js';

/** The registrations of a hooks file on disk. */
export interface FileRegistrations {
  readonly path: string;
  requireFile(): void;
  add(registration: NewRegistration): Promise<{ changed: boolean }>;
  remove(
    registration: { target: string; hook?: string | undefined },
    options: { dryRun: boolean },
  ): Promise<{ removedFrom: string[]; hooks: Hooks | undefined }>;
}

/** Makes the registrations of a hooks file editable, each edit under the file's lock. @param path absolute */
export function openRegistrations(path: string): FileRegistrations {
  return {
    path,
    requireFile: () => void existingHooksText(path),
    async add(registration) {
      const { changed } = await editHooksFile(path, (text) => addRegistration(text, registration));
      return { changed };
    },
    async remove({ target, hook }, { dryRun }) {
      const edit = (text: string) => {
        const removed = removeRegistration(text, hook === undefined ? { target } : { target, hook });
        return { ...removed, after: removed.text };
      };
      const edited = dryRun ? edit(existingHooksText(path).text) : await editHooksFile(path, edit);
      const parsed = parseHooks(edited.after);
      return { removedFrom: edited.removedFrom, hooks: parsed.ok ? parsed.hooks : undefined };
    },
  };
}
