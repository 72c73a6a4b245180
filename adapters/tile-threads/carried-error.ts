import { CubelakeError, DeviceUnavailableError, type Disposition, type ErrorFields } from '#core/errors.ts';

/** An error that crosses a thread: class names do not survive structured cloning, dispositions must. */
export interface CarriedError {
  readonly name: string;
  readonly message: string;
  readonly disposition: Disposition;
  readonly fields: ErrorFields;
  readonly stack: string | undefined;
}

export function carry(error: unknown): CarriedError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof CubelakeError) {
    return {
      name: error.name,
      message: error.message,
      disposition: error.disposition,
      fields: { ...error.fields },
      stack,
    };
  }
  return {
    name: 'Error',
    message: error instanceof Error ? error.message : String(error),
    disposition: 'bug',
    fields: {},
    stack,
  };
}

export function revive(carried: CarriedError): CubelakeError {
  // The only class that code, and not its disposition, looks for on the other side.
  if (carried.name === DeviceUnavailableError.name) return new DeviceUnavailableError(carried.message, carried.fields);
  const error = new CubelakeError(carried.message, carried.disposition, carried.fields);
  error.name = carried.name;
  if (carried.stack !== undefined) error.stack = carried.stack;
  return error;
}
