import {z} from 'zod';
import {cloudText} from '../refusals.ts';
import type {Arm} from './arm.ts';

const resourceSchema = z.object({name: z.string(), type: z.string(), tags: z.record(z.string(), z.string()).nullish()});

const words: Readonly<Record<string, string>> = {
	'microsoft.network/loadbalancers': 'load balancer',
	'microsoft.network/publicipaddresses': 'public address',
	'microsoft.compute/disks': 'volume',
	'microsoft.compute/snapshots': 'snapshot',
};

/** What Kubernetes made for a cluster in its resource group outside Terraform, by the tags and names of its controllers. */
export const azureOutside = async (
	arm: Arm,
	{subscription, resourceGroup, cluster}: {subscription: string; resourceGroup: string; cluster: string},
): Promise<string[]> => {
	const path = `subscriptions/${subscription}/resourceGroups/${resourceGroup}/resources`;
	const all = await arm.list(resourceSchema, path, '2021-04-01');
	return all.flatMap(({name, type, tags: given}) => {
		const [what, tags] = [words[type.toLowerCase()], given ?? {}];
		const owner = tags['k8s-azure-cluster-name'];
		const made =
			Object.keys(tags).some(key => /^(?:k8s-azure|kubernetes\.io-created-for)/u.test(key)) ||
			/^(?:pvc-|kubernetes$)/u.test(name);
		if (what === undefined || !made || (owner !== undefined && owner !== cluster)) return [];
		const claim = tags['kubernetes.io-created-for-pvc-name'] ?? tags['k8s-azure-service'];
		return [cloudText(`${what} ${name}${claim === undefined ? '' : ` of ${claim}`}`)];
	});
};
