/** What the browser draws, as JSON in an attribute. Times are seconds since the epoch. */
export interface ChartSeries {
  at: number[];
  delivered: number[];
  failed: number[];
  medianMs: (number | null)[];
  p95Ms: (number | null)[];
}
