import {connect} from 'node:net';
import type {Instance, ServiceName} from '../../host.ts';
import {splitEndpoint} from '../../metadata.ts';

const servicesOfClusters: readonly ServiceName[] = ['kubernetes', 'join', 'verify'];
const timeoutMs = 1000;

/**
 * The first endpoint of these machines at which a service of a running cluster answers: an API server, a JoinService or a
 * VerificationService. A node must not make a second cluster beside it.
 */
export const runningCluster = async (instances: readonly Instance[]): Promise<string | undefined> => {
	const endpoints = instances.flatMap(({endpoints}) => servicesOfClusters.map(service => endpoints[service]));
	const answers = await Promise.all(endpoints.map(async endpoint => ((await accepts(endpoint)) ? endpoint : undefined)));
	return answers.find(endpoint => endpoint !== undefined);
};

const accepts = (endpoint: string): Promise<boolean> =>
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
