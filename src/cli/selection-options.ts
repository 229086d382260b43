/** The options by which several commands select entries. */
import type { OptionSpecs } from './options.js';

export const endpointOption: OptionSpecs = {
  endpoint: {
    type: 'string',
    multiple: true,
    value: 'ENDPOINT',
    help: 'only of this endpoint: its name, id or URL; may be repeated',
  },
};

export const hookOption: OptionSpecs = {
  hook: { type: 'string', value: 'HOOK', help: 'only of this hook or pattern' },
};

/** When entries were accepted. */
export const acceptedOptions: OptionSpecs = {
  since: {
    type: 'string',
    value: 'TIME',
    help: 'only those accepted at this time or later: 2h, 2026-11-30T12:00Z',
  },
  older: { type: 'string', value: 'TIME', help: 'only those accepted before: 30d, 2026-11-30' },
};
