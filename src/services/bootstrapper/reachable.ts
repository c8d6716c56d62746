import {connect} from 'node:net';
import {splitEndpoint} from '../metadata.ts';

const timeoutMs = 1000;

/** Whether somebody accepts connections at `host:port`. */
export const isReachable = (endpoint: string): Promise<boolean> =>
	new Promise(resolve => {
		const socket = connect({...splitEndpoint(endpoint), timeout: timeoutMs});
		const finish = (answer: boolean) => {
			socket.destroy();
			resolve(answer);
		};
		socket.once('connect', () => {
			finish(true);
		});
		socket.once('timeout', () => {
			finish(false);
		});
		socket.once('error', () => {
			finish(false);
		});
	});
