/** The tag on raw objects that says what became of them; the bucket's lifecycle moves cubes by it, and only the settler may set it. */
export const processingStatusTag = { key: 'processing_status', complete: 'complete', failed: 'failed' } as const;
