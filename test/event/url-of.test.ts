import { expect, it } from 'vitest';
import { urlOf } from '../../src/event/url-of.js';
import { parseWebhookUrl } from '../../src/event/webhook-url.js';

it('urlOf() is undefined for what is not a URL', () => {
  expect(urlOf('https://')).toBeUndefined();
  expect(urlOf('https://a.example/x')?.href).toBe('https://a.example/x');
});

it('parseWebhookUrl() accepts Latin-1 letters however often it was called before', () => {
  const text = 'https://bücher.example/ä';
  for (let n = 0; n < 100_000; n += 1) parseWebhookUrl(`https://a.example/${n % 100}`);
  expect(parseWebhookUrl(text)).toEqual({ ok: true, url: 'https://xn--bcher-kva.example/%C3%A4' });
});
