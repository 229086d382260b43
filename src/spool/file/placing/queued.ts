/** A delivery that has just become one; of a batch, all of its events. */
export interface Queued {
  endpoint: string;
  segment: string;
  /** The file's name. */
  name: string;
  kind: 'put' | 'moved' | 'there';
}
