/** `setTimeout` takes no longer wait, in ms; a longer one becomes 1 ms. */
export const longestTimerMs: number = 2 ** 31 - 1;
