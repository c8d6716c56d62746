import {type FromService, isToService, type ServiceMain} from './protocol.ts';

const longestStopMs = 6000;

/**
 * The life of a service process: asks its node for settings, runs until the node closes the channel, then exits.
 * A service that fails exits with code 1 and its node starts it again.
 */
export const runService = async (name: string, main: ServiceMain): Promise<void> => {
	if (process.send === undefined) throw new Error(`service ${name} runs only as a child of its node`);
	const settings = await new Promise<unknown>((resolve, reject) => {
		process.once('disconnect', () => {
			reject(new Error('the node closed the channel before it sent settings'));
		});
		process.on('message', message => {
			if (isToService(message)) resolve(message.settings);
		});
		tell({hello: true});
	});
	process.removeAllListeners('disconnect');
	const stopping = new Promise<void>(resolve => {
		process.once('disconnect', resolve);
		process.once('SIGTERM', () => {
			resolve();
		});
	});
	const stop = await main(settings);
	if (process.connected) tell({ready: true});
	await stopping;
	// Whatever still holds the process then must not outlive its node.
	setTimeout(() => process.kill(process.pid, 'SIGKILL'), longestStopMs).unref();
	await stop();
};

const tell = (message: FromService) => {
	// A node that is gone needs no message; the disconnect ends this service.
	process.send?.(message, undefined, undefined, () => undefined);
};
