/** Text that is no selector, or selects by what cannot be selected; the message is the one of the API's 400 answer. */
export class SelectorError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SelectorError';
  }
}
