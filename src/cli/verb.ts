/** What a verb of the `nodelet` command is. One file a verb; `verbs.ts` lists them. */
export interface Verb {
  readonly name: string;
  /** One line for `nodelet help`. */
  readonly summary: string;
  /** Loads the verb's code; nothing else of the program is read before. */
  readonly load: () => Promise<VerbModule>;
}

export interface VerbModule {
  /** The text of `nodelet VERB --help`. */
  readonly help: () => string;
  /** Runs the verb with the arguments after its name; resolves with the exit code. */
  readonly run: (argv: readonly string[]) => Promise<number>;
}
