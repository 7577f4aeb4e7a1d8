/**
 * How a draft is saved: some time after the last change, one request at a time, each from the revision before it.
 *
 * What somebody else has saved meanwhile is never overwritten: the server refuses with 409, and saving rests until the
 * person has decided. What could not be saved is tried again with the next change, or when asked.
 */
export type Saving =
  /** What is written is on the server, or nothing has been written. */
  | { kind: "saved" }
  /** It is saved in a moment. */
  | { kind: "changed" }
  | { kind: "saving" }
  | { kind: "failed"; error: unknown }
  /** Somebody else has saved, or published, or dropped the draft. */
  | { kind: "conflict" };

export interface Saver {
  /** Sends a text that was made from a revision; returns the revision that it has become. */
  save: (text: string, revision: number | null) => Promise<number>;
  isConflict: (error: unknown) => boolean;
}

export const SAVE_PAUSE = 1500;

export class DraftSaver {
  state: Saving = { kind: "saved" };
  revision: number | null;
  /** What the server has. */
  savedText: string;
  private text: string;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private underWay: Promise<void> | null = null;
  private readonly saver: Saver;
  private readonly listeners = new Set<() => void>();

  constructor(saver: Saver, text: string, revision: number | null) {
    this.saver = saver;
    this.text = text;
    this.savedText = text;
    this.revision = revision;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  getState = (): Saving => this.state;

  /** Takes what has been written. */
  change(text: string): void {
    this.text = text;
    if (this.state.kind === "conflict") return;
    clearTimeout(this.timer);
    if (text === this.savedText && this.underWay === null) {
      this.set({ kind: "saved" });
      return;
    }
    this.set({ kind: "changed" });
    this.timer = setTimeout(() => void this.flush(), SAVE_PAUSE);
  }

  /** Saves at once what is not saved; returns whether all is saved. */
  async flush(): Promise<boolean> {
    clearTimeout(this.timer);
    if (this.underWay !== null) await this.underWay;
    if (this.state.kind === "conflict") return false;
    if (this.text !== this.savedText) {
      this.underWay = this.send();
      await this.underWay;
    }
    return this.getState().kind === "saved";
  }

  /** Goes on from another revision: after a conflict, with what the person has decided on. */
  resume(text: string, savedText: string, revision: number | null): void {
    this.revision = revision;
    this.savedText = savedText;
    this.set({ kind: "saved" });
    this.change(text);
  }

  private async send(): Promise<void> {
    const text = this.text;
    this.set({ kind: "saving" });
    try {
      this.revision = await this.saver.save(text, this.revision);
      this.savedText = text;
      this.underWay = null;
      this.set({ kind: this.text === text ? "saved" : "changed" });
    } catch (error) {
      this.underWay = null;
      this.set(this.saver.isConflict(error) ? { kind: "conflict" } : { kind: "failed", error });
    }
  }

  private set(state: Saving): void {
    if (this.state.kind === state.kind && state.kind !== "failed") return;
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}
