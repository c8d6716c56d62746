import {
	DescribeVpcsCommand,
	type EC2Client,
	paginateDescribeNetworkInterfaces,
	paginateDescribeSecurityGroups,
	paginateDescribeVolumes,
	type Tag,
} from '@aws-sdk/client-ec2';
import {cloudText} from '../refusals.ts';
import {asked} from './errors.ts';

/**
 * What Kubernetes made for a cluster outside Terraform: volumes by the tag of its controllers; load balancers by the interfaces that they
 * have in the network of the cluster, and security groups there. Asks EC2 only.
 */
export const awsOutside = async (ec2: EC2Client, {uid, name}: {uid: string; name: string}): Promise<string[]> => {
	const cluster = `${name}-${uid}`;
	const found: string[] = [];
	await asked('volumes', async () => {
		const Filters = [{Name: 'tag-key', Values: [`kubernetes.io/cluster/${cluster}`]}];
		for await (const {Volumes: page = []} of paginateDescribeVolumes({client: ec2}, {Filters}))
			for (const {VolumeId: id = '', Tags} of page) {
				const claim = tag(Tags, 'kubernetes.io/created-for/pvc/name');
				found.push(`volume ${id}${claim === undefined ? '' : ` of ${claim}`}`);
			}
	});
	const {Vpcs: networks = []} = await asked('networks', () =>
		ec2.send(new DescribeVpcsCommand({Filters: [{Name: 'tag:constellation-uid', Values: [uid]}]})),
	);
	const Values = networks.flatMap(({VpcId: id}) => (id === undefined ? [] : [id]));
	if (Values.length === 0) return found.map(cloudText);
	await asked('network interfaces', async () => {
		const Filters = [
			{Name: 'vpc-id', Values},
			{Name: 'description', Values: ['ELB *']},
		];
		for await (const {NetworkInterfaces: page = []} of paginateDescribeNetworkInterfaces({client: ec2}, {Filters}))
			for (const {Description: words = ''} of page) {
				// `ELB NAME` of a classic load balancer, `ELB net/NAME/ID` of the others; one interface a zone.
				const own = /^ELB (?:(?:net|app)\/)?([^/]+)/u.exec(words)?.[1] ?? words;
				if (own !== `${cluster}-loadbalancer`) found.push(`load balancer ${own}`);
			}
	});
	await asked('security groups', async () => {
		for await (const {SecurityGroups: page = []} of paginateDescribeSecurityGroups(
			{client: ec2},
			{Filters: [{Name: 'vpc-id', Values}]},
		))
			for (const {GroupName: own = '', Tags} of page)
				if (own !== 'default' && tag(Tags, 'constellation-uid') === undefined) found.push(`security group ${own}`);
	});
	return [...new Set(found.map(cloudText))];
};

const tag = (tags: readonly Tag[] | undefined, key: string): string | undefined => tags?.find(({Key}) => Key === key)?.Value;
