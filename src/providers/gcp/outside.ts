import {z} from 'zod';
import {cloudText} from '../refusals.ts';
import type {ComputeApi} from './rest.ts';

const firewallsSchema = z.object({items: z.array(z.object({name: z.string(), network: z.string()})).default([])});
const scopedDisks = z.object({disks: z.array(z.object({name: z.string(), users: z.array(z.string()).default([])})).default([])});
const disksSchema = z.object({items: z.record(z.string(), scopedDisks).default({})});

/**
 * What Kubernetes made for a cluster in its project outside Terraform. A load balancer says nothing of its cluster; the firewall rule that
 * is made with it, `k8s-fw-NAME`, lies in the network of the cluster. A volume is known by the machines that use it.
 */
export const gcpOutside = async (api: ComputeApi, cluster: string): Promise<string[]> => {
	const rules = await api.list(firewallsSchema, 'global/firewalls', page => page.items, {query: {filter: 'name = k8s-*'}});
	const here = rules.filter(({name, network}) => name.startsWith('k8s-') && network.endsWith(`/networks/${cluster}`));
	const disks = await api.list(disksSchema, 'aggregated/disks', page => Object.values(page.items).flatMap(each => each.disks), {
		query: {filter: 'name = pvc-*'},
	});
	const used = disks.filter(({users}) => users.some(user => user.split('/').at(-1)?.startsWith(`${cluster}-`) === true));
	return [
		...here.flatMap(({name}) => (name.startsWith('k8s-fw-') ? [`load balancer ${name.slice('k8s-fw-'.length)}`] : [])),
		...here.map(({name}) => `firewall rule ${name}`),
		...used.map(({name}) => `volume ${name}`),
	].map(cloudText);
};
