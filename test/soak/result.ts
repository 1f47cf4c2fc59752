/** What a soak found: figures, and what was wrong. */
export interface SoakResult {
  readonly figures: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}
