import {connect, type Socket} from 'node:net';
import {openTpm, type TpmChannel} from '../attestation/tpm/commands.ts';
import type {Tpm} from '../attestation/tpm/tpm.ts';

const headerLength = 10;
const largestResponse = 64 * 1024;

/** The machine's TPM 2.0 behind the Unix socket at `path`. */
export const connectTpm = (path: string): Tpm => openTpm(tpmSocket(path));

/**
 * A command channel over a Unix socket: raw TPM commands and responses; their length is in their header (TPM 2.0 part 3).
 * Commands go out one at a time. A broken connection fails the command on it; the next command connects again.
 */
export const tpmSocket = (path: string): TpmChannel => {
	let socket: Socket | undefined;
	let last: Promise<unknown> = Promise.resolve();
	const open = () => {
		if (socket === undefined || socket.destroyed) {
			socket = connect(path);
			// Failures reach the command in flight through its own listener; an idle connection may end.
			socket.on('error', () => undefined);
			socket.unref();
		}
		return socket;
	};
	return {
		send(command) {
			const answer = last.then(() => exchange(open(), command));
			// The next one waits for this one, however it ends; its caller gets the error.
			last = answer.catch(() => undefined);
			return answer;
		},
		close() {
			socket?.destroy();
		},
	};
};

const exchange = (socket: Socket, command: Uint8Array): Promise<Uint8Array> =>
	new Promise((resolve, reject) => {
		let received = Buffer.alloc(0);
		socket.ref();
		const finish = (act: () => void) => {
			socket.off('data', onData);
			socket.off('error', onError);
			socket.off('close', onClose);
			socket.unref();
			act();
		};
		const fail = (error: Error) => {
			finish(() => {
				socket.destroy();
				reject(error);
			});
		};
		const onData = (chunk: Buffer) => {
			received = Buffer.concat([received, chunk]);
			if (received.length < headerLength) return;
			const size = received.readUInt32BE(2);
			if (size < headerLength || size > largestResponse || received.length > size) {
				fail(new Error('the TPM gave a response of the wrong length'));
			} else if (received.length === size) {
				finish(() => {
					resolve(received);
				});
			}
		};
		const onError = (cause: Error) => {
			fail(new Error('the TPM cannot be reached', {cause}));
		};
		const onClose = () => {
			fail(new Error('the TPM closed the connection'));
		};
		socket.on('data', onData);
		socket.on('error', onError);
		socket.on('close', onClose);
		socket.write(command);
	});
