/** Sets of buffers that are made when needed, at most so many, and used again; work waits in order of its coming. */
export class SlotPool<Slot> {
  readonly #make: () => Slot;
  readonly #slotCountMax: number;
  readonly #slots: Slot[] = [];
  readonly #free: Slot[] = [];
  readonly #waiting: ((slot: Slot) => void)[] = [];

  constructor(slotCountMax: number, make: () => Slot) {
    this.#slotCountMax = slotCountMax;
    this.#make = make;
  }

  get slots(): readonly Slot[] {
    return this.#slots;
  }

  async use<Result>(work: (slot: Slot) => Promise<Result>): Promise<Result> {
    const slot = await this.#take();
    try {
      return await work(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(slot);
      else next(slot);
    }
  }

  #take(): Slot | Promise<Slot> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#slots.length === this.#slotCountMax) return new Promise((resolve) => this.#waiting.push(resolve));
    const slot = this.#make();
    this.#slots.push(slot);
    return slot;
  }
}
