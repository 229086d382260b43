/** What is known of endpoints beside their ids: by the hooks file, or by the event that names its URL. */
import { type Endpoint, endpointDefaults } from '../../endpoint/endpoint.js';
import { endpointIdOf, unnamedEndpointId } from '../../endpoint/endpoint-id.js';
import type { EventHeader } from '../../event/event.js';
import { urlOf } from '../../event/url-of.js';
import type { Hooks } from '../../routing/hooks.js';
import { createRouter } from '../../routing/match.js';
import { type EndpointData, endpointData } from '../endpoint-data.js';

export interface EndpointBook {
  /** An endpoint as data. @param event one that it is to receive, which may name its URL */
  dataOf(id: string, event?: Pick<EventHeader, 'hook' | 'to'>): EndpointData;
  /** Its settings, or the defaults. */
  settingsOf(id: string): Omit<Endpoint, 'id' | 'url'>;
  /** Whether it is registered for an event at present; undefined where the hooks are not known. */
  isRegistered(id: string, event: Pick<EventHeader, 'hook' | 'to'>): boolean | undefined;
}

/**
 * Makes the book of the hooks.
 * @param hooks undefined where the file cannot be used
 * @param options.showUrls whether data has whole URLs, which may be secrets
 */
export function createEndpointBook(
  hooks: Hooks | undefined,
  { showUrls }: { showUrls: boolean },
): EndpointBook {
  const router = hooks && createRouter(hooks);
  const known = new Map<string, Endpoint>();
  for (const endpoint of hooks?.endpoints.values() ?? [])
    known.set(unnamedEndpointId(endpoint.url), endpoint);
  for (const [id, endpoint] of hooks?.endpoints ?? []) known.set(id, endpoint);

  return {
    dataOf(id, event) {
      const url = known.get(id)?.url ?? urlNamed(id, event?.to);
      return endpointData({ id, url }, showUrls);
    },
    settingsOf: (id) => known.get(id) ?? hooks?.defaults ?? endpointDefaults,
    isRegistered(id, event) {
      if (event.to !== undefined) return true;
      return router && router.endpoint(id, event) !== undefined;
    },
  };
}

/** The URL that an event names and that has this id. */
function urlNamed(id: string, to: readonly string[] | undefined): { value: string } | undefined {
  const value = to?.find((each) => urlOf(each) !== undefined && endpointIdOf(each) === id);
  return value === undefined ? undefined : { value };
}
