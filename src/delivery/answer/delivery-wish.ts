import type { DeliveryWish } from '../sender.js';

/**
 * Understands an answer's header `webhook-delivery`: `abort-message` or
 * `disable`, in any case. Of several, separated by commas, `disable` counts
 * most, and unknown ones do not count.
 */
export function parseDeliveryWish(text: string): DeliveryWish | undefined {
  const wishes = text.split(',').map((wish) => wish.trim().toLowerCase());
  return (['disable', 'abort-message'] as const).find((wish) => wishes.includes(wish));
}
