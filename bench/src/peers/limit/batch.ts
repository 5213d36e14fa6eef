/** Sends that share one write and one sync. Its memory is used again, so that a message costs no objects. */

const BYTES_FIRST = 256 * 1024;

export class Batch<Sender> {
  bytes = Buffer.allocUnsafeSlow(BYTES_FIRST);
  /** Bytes that are in use. */
  length = 0;
  count = 0;
  readonly senders: Sender[] = [];
  /** Where each send begins in `bytes`; it ends where the next one begins. */
  readonly starts: number[] = [];

  add(sender: Sender, bytes: Buffer, start: number, end: number): void {
    if (this.length + end - start > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow((this.bytes.length + end - start) * 2);
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    this.senders[this.count] = sender;
    this.starts[this.count] = this.length;
    this.length += bytes.copy(this.bytes, this.length, start, end);
    this.count += 1;
  }

  endOf(index: number): number {
    return index + 1 < this.count ? this.starts[index + 1]! : this.length;
  }

  clear(): void {
    this.length = 0;
    this.count = 0;
  }
}
