/** The forms that change something. Each is answered with what it would do, and does it when that was confirmed. */
import type { Hono } from 'hono';
import { CapnhookError } from '../../shared/errors.js';
import type { ListState } from '../../usecases/inspect/list-state.js';
import type { Action, Chosen, ChosenEntry } from '../page-data.js';
import { confirmView, doneView } from '../views/confirm.js';
import { stateNames } from '../views/entries.js';
import { counted } from '../views/figures.js';
import { entriesPath, filterFields } from '../views/links.js';
import { commandOf } from './command-of.js';
import { type PageOptions, show } from './context.js';
import { filterOf } from './reading.js';

const actions: ReadonlySet<string> = new Set<Action>(['retry', 'drop', 'pause', 'resume']);

/** A form, read. */
interface Asked {
  action: Action;
  chosen: Chosen;
  back: string;
  fields: [string, string][];
}

/** Adds the forms. */
export function addSteering(app: Hono, options: PageOptions): void {
  const { data, now } = options;
  app.post('/steer', async (c) => {
    const form = await c.req.formData();
    const { action, chosen, back, fields } = readForm(form, now());
    const words = inWords(chosen);
    if (form.get('confirmed') !== 'yes') {
      const steered = await data.steer(action, chosen, { dryRun: true });
      const command = commandOf(action, chosen);
      return show(c, confirmView(action, steered, { fields, command, back, chosen: words }), options);
    }
    const steered = await data.steer(action, chosen, { dryRun: false });
    return show(c, doneView(action, steered, { back, chosen: words }), options);
  });
}

/** @throws CapnhookError `USAGE` for a form that is none of the page's */
function readForm(form: FormData, now: number): Asked {
  const text = (name: string): string | undefined => {
    const value = form.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [action = '', scope] = (text('do') ?? '').split(' ');
  if (!actions.has(action)) throw badForm();
  const asked = { action: action as Action, back: backOf(text('back')) };
  const doing: [string, string] = ['do', text('do') ?? ''];
  if (scope === 'endpoint') {
    const endpoint = text('of');
    if (endpoint === undefined) throw badForm();
    return {
      ...asked,
      chosen: { kind: 'endpoint', endpoint },
      fields: [doing, ['of', endpoint], ['back', asked.back]],
    };
  }
  if (scope === 'selected') {
    const values = form.getAll('entry').map(String);
    if (values.length === 0)
      throw new CapnhookError('USAGE', `Cannot ${action}: no row is selected`, {
        hint: 'Select rows first.',
      });
    const fields = values.map((value): [string, string] => ['entry', value]);
    const back = asked.back === '/' ? entriesPath(filterOf(text, now)) : asked.back;
    return {
      ...asked,
      back,
      chosen: { kind: 'entries', entries: values.map(entryOf) },
      fields: [doing, ...fields, ['back', back]],
    };
  }
  const given = filterOf(text, now);
  // What arrives while the question is read is not dropped.
  const filter = action === 'drop' ? { ...given, before: given.before ?? now } : given;
  const back = text('back') === undefined ? entriesPath(given) : asked.back;
  return {
    ...asked,
    back,
    chosen: { kind: 'filter', filter },
    fields: [doing, ...filterFields(filter), ['back', back]],
  };
}

function badForm(): CapnhookError {
  return new CapnhookError('USAGE', 'Cannot do that: the form is incomplete', {
    hint: 'Load the page again.',
  });
}

/** A path of this site; never another one. */
function backOf(path = '/'): string {
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(path) ? path : '/';
}

/** Reads `<state>/<endpoint>/<id>`. */
function entryOf(value: string): ChosenEntry {
  const [state = '', endpoint = '', id = ''] = value.split('/');
  if (!Object.hasOwn(stateNames, state) || id === '') throw badForm();
  return { state: state as ListState, endpoint: endpoint || undefined, id };
}

function inWords(chosen: Chosen): string {
  if (chosen.kind === 'endpoint') return chosen.endpoint;
  if (chosen.kind === 'entries') return counted(chosen.entries.length, 'selected row');
  const fields = filterFields(chosen.filter).map(([name, value]) => `${name} ${value}`);
  return fields.length === 0 ? 'everything' : `all with ${fields.join(', ')}`;
}
