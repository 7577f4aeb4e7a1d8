/** What is done; a promise says when it is over, and whether it is to be done once more. */
type Work = () => Promise<boolean> | undefined;

/** Works at once, and then again when it was done and a pause is over, if it was asked for or says that it is needed. */
export class Throttle {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isBusy = false;
  private isAsked = false;
  private isStopped = false;
  private readonly pause: number;
  private readonly work: Work;

  constructor(pause: number, work: Work) {
    this.pause = pause;
    this.work = work;
  }

  call(): void {
    this.isAsked = true;
    this.run();
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private run(): void {
    if (this.isBusy || !this.isAsked || this.isStopped) return;
    this.isBusy = true;
    this.isAsked = false;
    const began = Date.now();
    const done = (isNeeded: boolean) => {
      if (isNeeded) this.isAsked = true;
      if (this.isStopped) return;
      this.timer = setTimeout(
        () => {
          this.isBusy = false;
          this.run();
        },
        Math.max(0, began + this.pause - Date.now()),
      );
    };
    const working = this.work();
    if (working) void working.then(done);
    else done(false);
  }
}
