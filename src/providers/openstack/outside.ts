import {z} from 'zod';
import {cloudText, isCode} from '../refusals.ts';
import {shaped} from '../rest.ts';
import {openstackWords, type Session} from './sign-in.ts';

const balancersSchema = z.object({loadbalancers: z.array(z.object({name: z.string()}))});
const volumesSchema = z.object({
	volumes: z.array(
		z.object({id: z.string(), name: z.string().nullish(), metadata: z.record(z.string(), z.string()).default({})}),
	),
});

/** What Kubernetes made for a cluster outside Terraform, by the names and metadata of its controllers. A cloud may lack either service. */
export const openstackOutside = async (session: Session, cluster: string): Promise<string[]> => {
	const ask = async <T>(schema: z.ZodType<T>, types: readonly string[], path: string): Promise<T | undefined> => {
		for (const type of types) {
			try {
				return shaped(schema, await session.service(type)('GET', path), openstackWords, path);
			} catch (error) {
				if (!isCode(error, 'cloud-refused') && !isCode(error, 'cloud-object-missing')) throw error;
			}
		}
		return undefined;
	};
	const balancers = await ask(balancersSchema, ['load-balancer'], 'v2/lbaas/loadbalancers');
	const volumes = await ask(volumesSchema, ['block-storage', 'volumev3'], 'volumes/detail');
	return [
		...(balancers?.loadbalancers ?? [])
			.filter(({name}) => name.startsWith(`kube_service_${cluster}_`))
			.map(({name}) => `load balancer ${name}`),
		...(volumes?.volumes ?? [])
			.filter(({metadata}) => metadata['cinder.csi.openstack.org/cluster'] === cluster)
			.map(({id, name}) => `volume ${name ?? id}`),
	].map(cloudText);
};
