import {connect, type Socket} from 'node:net';
import {MalformedError} from '../../attestation/bytes.ts';
import type {TpmChannel} from '../../attestation/tpm/commands.ts';

const headerSize = 10;
const maxResponse = 64 * 1024;

/**
 * A channel to a TPM behind a Unix socket. It connects with the first command and again after the connection was lost; a command
 * whose answer did not arrive rejects and is not repeated, because an extend may have happened.
 */
export function socketChannel(path: string): TpmChannel {
	let socket: Socket | undefined;
	let closed = false;

	async function open(): Promise<Socket> {
		if (socket && !socket.destroyed) return socket;
		const opened = connect(path);
		await new Promise<void>((resolve, reject) => {
			opened.once('connect', resolve);
			opened.once('error', reject);
		});
		// An idle connection must not keep a service alive that wants to exit.
		opened.unref();
		socket = opened;
		return opened;
	}

	return {
		async send(command) {
			if (closed) throw new Error('the TPM channel is closed');
			return exchange(await open(), command);
		},
		close() {
			closed = true;
			socket?.destroy();
		},
	};
}

async function exchange(socket: Socket, command: Uint8Array): Promise<Uint8Array> {
	return new Promise((resolve, reject) => {
		let received = Buffer.alloc(0);
		const finish = (settle: () => void): void => {
			socket.off('data', onData).off('error', onError).off('close', onClose).unref();
			settle();
		};
		const onError = (error: Error): void => finish(() => reject(error));
		const onClose = (): void => finish(() => reject(new Error('the TPM closed the connection')));
		const onData = (chunk: Buffer): void => {
			received = Buffer.concat([received, chunk]);
			const size = received.length < headerSize ? headerSize : received.readUInt32BE(2);
			if (size < headerSize || size > maxResponse || received.length > size) {
				finish(() => reject(new MalformedError('TPM response: wrong size')));
				socket.destroy();
			} else if (received.length === size && received.length >= headerSize) {
				finish(() => resolve(received));
			}
		};
		socket.ref().on('data', onData).on('error', onError).on('close', onClose);
		socket.write(command);
	});
}
