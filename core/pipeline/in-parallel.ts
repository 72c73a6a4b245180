/** Results in the order of `items`, with at most `parallelCount` under way; the first failure ends the rest. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  parallelCount: number,
  work: (item: Item, position: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  let hasFailed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !hasFailed) {
      const position = next++;
      try {
        results[position] = await work(items[position]!, position);
      } catch (error) {
        hasFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelCount, items.length) }, worker));
  return results;
}
