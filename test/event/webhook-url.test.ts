import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { looksLikeUrl, parseWebhookUrl } from '../../src/event/webhook-url.js';

describe('looksLikeUrl()', () => {
  test('looksLikeUrl() tells a URL from a name', () => {
    expect(['https://a', 'ftp://x', 'x://'].every(looksLikeUrl)).toBe(true);
    expect(['complete', 'build.failed', 'http:', 'a/b'].some(looksLikeUrl)).toBe(false);
  });
});

describe('parseWebhookUrl()', () => {
  test.each([
    ['https://Panda.Dog.com/run', 'https://panda.dog.com/run'],
    ['HTTP://a', 'http://a/'],
    ['http://a:80/x?y=1', 'http://a/x?y=1'],
    ['https://user:pass@a/x', 'https://user:pass@a/x'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    ['http://127.1/', 'http://127.0.0.1/'],
    ['https://bücher.example/ä', 'https://xn--bcher-kva.example/%C3%A4'],
    ['http://a/b/../c', 'http://a/c'],
  ])('parseWebhookUrl() accepts %s', (text, url) => {
    expect(parseWebhookUrl(text)).toEqual({ ok: true, url });
  });

  test.each([
    ['', 'the URL is empty'],
    ['ftp://a/', 'the URL does not begin with https:// or http://'],
    ['file:///etc/passwd', 'the URL does not begin with https:// or http://'],
    ['http:a', 'the URL does not begin with https:// or http://'],
    ['//a', 'the URL does not begin with https:// or http://'],
    ['http://', 'the URL has no host'],
    ['http:///a', 'the URL has no host'],
    ['http://?a', 'the URL has no host'],
    ['http://\\a', 'the URL has no host'],
    ['http://.example.com/', 'the host of the URL begins with a dot'],
    ['http://u@%2eexample.com:8/', 'the host of the URL begins with a dot'],
    ['http://user@/', 'the URL is not valid'],
    ['http://a:99999/', 'the URL is not valid'],
    ['http://a#', 'the URL has a fragment (from # on), which is never sent'],
    ['http://a/#b', 'the URL has a fragment (from # on), which is never sent'],
    [' http://a', 'the URL contains white space or a control character'],
    ['http://a/b c', 'the URL contains white space or a control character'],
    ['http://a/\n', 'the URL contains white space or a control character'],
    ['ht\ttp://a/', 'the URL contains white space or a control character'],
    ['http://a/\u0000', 'the URL contains white space or a control character'],
    ['http://a/\u0085', 'the URL contains white space or a control character'],
    ['http://a/\u00a0', 'the URL contains white space or a control character'],
    [`http://a/${'x'.repeat(8184)}`, 'the URL is longer than 8,192 characters'],
    [`http://a/${'é'.repeat(2000)}`, 'the URL is longer than 8,192 characters'],
  ])('parseWebhookUrl() refuses %j', (text, reason) => {
    expect(parseWebhookUrl(text)).toEqual({ ok: false, reason });
  });

  test('parseWebhookUrl() accepts a URL of exactly 8,192 characters', () => {
    expect(parseWebhookUrl(`http://a/${'x'.repeat(8183)}`).ok).toBe(true);
  });

  test('parseWebhookUrl() accepts its own result unchanged, and never shows the URL in a reason', () => {
    const part = fc.string({ unit: 'grapheme', maxLength: 12 });
    const text = fc
      .tuple(fc.constantFrom('http://', 'https://', 'HTTPS://x', 'http:'), part, part)
      .map((p) => p.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.webUrl({ withQueryParameters: true })), (url) => {
        const parsed = parseWebhookUrl(url);
        if (parsed.ok) expect(parseWebhookUrl(parsed.url)).toEqual(parsed);
        else if (url.length > 9) expect(parsed.reason).not.toContain(url);
      }),
      { numRuns: 2000 },
    );
  });
});
