import type { Progress } from '#core/ports/progress.ts';

/** A bar or a line that rewrites itself on a terminal; one JSON line per event otherwise. */
export function terminalProgress(stream: NodeJS.WriteStream): Progress & { close(): void } {
  return stream.isTTY ? barProgress(stream) : jsonProgress(stream);
}

function jsonProgress(stream: NodeJS.WriteStream): Progress & { close(): void } {
  return {
    report(event, fields) {
      stream.write(`${JSON.stringify({ event, ...fields })}\n`);
    },
    close() {},
  };
}

const barWidth = 24;

function barProgress(stream: NodeJS.WriteStream): Progress & { close(): void } {
  let isOpen = false;
  return {
    report(event, fields) {
      const { done, total } = fields;
      const subject = Object.entries(fields)
        .filter(([name, value]) => name !== 'done' && name !== 'total' && value !== null)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ');
      if (typeof done === 'number' && typeof total === 'number' && total > 0) {
        const filled = Math.round((done / total) * barWidth);
        const bar = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}`;
        stream.write(
          `\r\x1b[K${bar} ${done}/${total} ${event.replaceAll(':', ' ')} ${subject}`.slice(
            0,
            (stream.columns ?? 100) + 4,
          ),
        );
        isOpen = true;
        if (done < total) return;
      } else {
        stream.write(`${isOpen ? '\r\x1b[K' : ''}${event.replaceAll(':', ' ')} ${subject}`);
      }
      stream.write('\n');
      isOpen = false;
    },
    close() {
      if (isOpen) stream.write('\n');
      isOpen = false;
    },
  };
}
