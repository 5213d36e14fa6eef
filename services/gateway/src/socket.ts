/** What the gateway needs of a transport; a WebSocket in production, a simulated one in tests. */
export interface Socket {
  /** Sends one packet. Never throws; a packet for a closed socket is dropped. */
  send(packet: Uint8Array): void;
  /** Begins to close with a code of the protocol. */
  close(code: number, reason: string): void;
  /** Drops the connection without a word. */
  terminate(): void;
  /** Bytes given to `send` that the network has not taken. */
  bufferedBytes(): number;
}

/** What a transport tells the gateway about a socket. */
export interface SocketListener {
  onPacket(packet: Uint8Array): void;
  /** Something that was buffered has gone out. */
  onDrain(): void;
  onClosed(): void;
}
