/** Source of jitter only: no id, key or result may depend on it. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}
