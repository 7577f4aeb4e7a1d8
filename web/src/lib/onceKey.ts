/** The key by which the server starts one run for one wish, however often it hears it. */

/** Gives the same key for the same content, until `renew` is called; another content gets another key. */
export class OnceKey {
  private content: string | null = null;
  private key = "";
  private readonly make: () => string;

  constructor(make: () => string = makeRandomKey) {
    this.make = make;
  }

  for(content: string): string {
    if (content !== this.content) {
      this.content = content;
      this.key = this.make();
    }
    return this.key;
  }

  /** After a success: the same content once more is another wish. */
  renew(): void {
    this.content = null;
  }
}

/** Works where `crypto.randomUUID` does not: on pages that come without TLS. */
export function makeRandomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
