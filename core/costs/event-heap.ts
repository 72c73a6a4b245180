/** What happens next in virtual time: a binary heap by time, and among equal times by the order of scheduling. */
export class EventHeap<Event> {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #events: Event[] = [];
  #scheduledCount = 0;

  get size(): number {
    return this.#events.length;
  }

  push(seconds: number, event: Event): void {
    let at = this.#events.length;
    this.#set(at, seconds, this.#scheduledCount++, event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): { readonly seconds: number; readonly event: Event } | null {
    if (this.size === 0) return null;
    const first = { seconds: this.#times[0]!, event: this.#events[0]! };
    const last = this.size - 1;
    this.#swap(0, last);
    this.#times.pop();
    this.#orders.pop();
    this.#events.pop();
    let at = 0;
    for (;;) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < last && this.#isBefore(child, least)) least = child;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(left: number, right: number): boolean {
    const difference = this.#times[left]! - this.#times[right]!;
    return difference < 0 || (difference === 0 && this.#orders[left]! < this.#orders[right]!);
  }

  #set(at: number, seconds: number, order: number, event: Event): void {
    this.#times[at] = seconds;
    this.#orders[at] = order;
    this.#events[at] = event;
  }

  #swap(left: number, right: number): void {
    const [seconds, order, event] = [this.#times[left]!, this.#orders[left]!, this.#events[left]!];
    this.#set(left, this.#times[right]!, this.#orders[right]!, this.#events[right]!);
    this.#set(right, seconds, order, event);
  }
}
