/**
 * What a node and one of its services tell each other over the IPC channel: the service says hello, gets its settings (secrets in them
 * as base64), and says when it serves.
 */
export type FromService = {hello: true} | {ready: true};
export type ToService = {settings: unknown};

/** Ends a running service; resolves when it let go of its sockets and files. */
export type Stop = () => Promise<void>;

export type ServiceMain = (settings: unknown) => Promise<Stop>;

export const isFromService = (message: unknown): message is FromService =>
	typeof message === 'object' && message !== null && ('hello' in message || 'ready' in message);

export const isToService = (message: unknown): message is ToService =>
	typeof message === 'object' && message !== null && 'settings' in message;
