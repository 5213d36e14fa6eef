/** The port to the network: one connection that carries packets in order. */

export interface ConnectionHandlers {
  readonly onOpen: () => void;
  /** The packet belongs to the receiver; the transport does not touch it again. */
  readonly onPacket: (packet: Uint8Array) => void;
  /** Called once, also when the connection never opened. A loss without a close frame has code 1006. */
  readonly onClose: (code: number, reason: string) => void;
  /**
   * There is a better way to the server than this connection, which goes on: whoever holds it may end it when nothing is under
   * way, and connect again. Also before `onOpen`, which then does not follow.
   */
  readonly onBetter?: () => void;
}

/** One connection, as a transport made it. */
export interface Connection {
  /** Hands a packet over; without an open connection it is lost. */
  send(packet: Uint8Array): void;
  /** Begins to close; `onClose` follows. Twice is safe. */
  close(code?: number): void;
  /** Bytes handed over and not yet on the wire. */
  readonly bufferedBytes: number;
}

/** A way to the server. */
export interface Transport {
  /** Begins to connect. No handler is called before this returns. */
  connect(url: string, handlers: ConnectionHandlers): Connection;
}
