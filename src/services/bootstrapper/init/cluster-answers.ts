import type {Instance, ServiceName} from '../../host.ts';
import {isReachable} from '../reachable.ts';

const servicesOfClusters: readonly ServiceName[] = ['kubernetes', 'join', 'verify', 'verify-http'];

/**
 * The first endpoint of these machines at which a service of a running cluster answers (an API server, a JoinService, a
 * VerificationService), or a machine announces that it makes one. A node must not make a second cluster beside it.
 */
export const runningCluster = async (instances: readonly Instance[]): Promise<string | undefined> => {
	const endpoints = instances.flatMap(({endpoints}) => servicesOfClusters.map(service => endpoints[service]));
	const answers = await Promise.all(endpoints.map(isReachable));
	return endpoints.find((_, index) => answers[index]);
};
