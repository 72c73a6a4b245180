/**
 * Random access to the bytes of one object that does not change while it is read: a file, or an S3 object pinned to its
 * version. Readers of formats see objects only through this.
 */
export interface ByteSource {
  /** For messages: the key or path. */
  readonly name: string;
  readonly sizeBytes: number;
  /**
   * Fills the whole of `target` from `offsetBytes`.
   * @throws TruncatedInputError when the object ends before `offsetBytes + target.byteLength`.
   */
  readInto(offsetBytes: number, target: Uint8Array): Promise<void>;
  /**
   * A path on the local disk with the same bytes, for libraries that must open a file themselves (HDF5). A remote
   * source downloads itself once to scratch space.
   */
  localPath(): Promise<string>;
  close(): Promise<void>;
}

export async function readBytes(source: ByteSource, offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
  const target = new Uint8Array(lengthBytes);
  await source.readInto(offsetBytes, target);
  return target;
}
