/** The one path of the socket and its subprotocol (PROTOCOL.md §5). */
export const SOCKET_PATH = '/ws';
export const SUBPROTOCOL = 'taproot.v1';
