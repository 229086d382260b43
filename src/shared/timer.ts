/** The longest wait `setTimeout` accepts, in ms; it turns a longer one into 1 ms. */
export const longestTimerMs: number = 2 ** 31 - 1;
