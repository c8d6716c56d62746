import type {CloudConfig} from '../config/schema.ts';
import {shellWord} from '../text.ts';

/** What Kubernetes makes in a cloud without Terraform: it stays, costs money, and may block the removal of networks. */
export type Foreign = {what: string; command: string};

/** Terraform that was killed in the middle of a call may not know what it made. */
const anything = 'whatever else carries the uid, which nothing should';

/** How everything that Kubernetes made outside Terraform is found, by the names and tags that its controllers give. */
export function foreignObjects({provider, name}: CloudConfig, uid: string): Foreign[] {
	const cluster = `${name}-${uid}`;
	if ('aws' in provider) {
		const tagged = `aws resourcegroupstaggingapi get-resources --region ${shellWord(provider.aws.region)} --tag-filters`;
		return [
			{what: 'load balancers, their security groups and volumes', command: `${tagged} Key=kubernetes.io/cluster/${cluster}`},
			{
				what: 'volumes of the CSI driver',
				command: `${tagged} Key=kubernetes.io/created-for/pvc/name --resource-type-filters ec2:volume`,
			},
			{what: anything, command: `${tagged} Key=constellation-uid,Values=${uid}`},
		];
	}
	if ('azure' in provider) {
		const place = `--subscription ${shellWord(provider.azure.subscription)} --resource-group ${shellWord(provider.azure.resourceGroup)}`;
		return [
			{
				what: 'load balancers and addresses',
				command: `az resource list ${place} --query "[?tags.\\"constellation-uid\\" != '${uid}'].id"`,
			},
			{what: 'volumes', command: `az disk list ${place} --query "[?starts_with(name, 'pvc-')].name"`},
			{what: anything, command: `az resource list ${place} --tag constellation-uid=${uid}`},
		];
	}
	if ('gcp' in provider) {
		const project = shellWord(provider.gcp.project);
		return [
			{
				what: 'load balancers',
				command: `gcloud compute forwarding-rules list --project ${project} --filter "description~kubernetes.io"`,
			},
			{
				what: 'firewall rules',
				command: `gcloud compute firewall-rules list --project ${project} --filter "name~^k8s- AND network~${cluster}"`,
			},
			{
				what: 'instance templates of upgrades',
				command: `gcloud compute instance-templates list --project ${project} --filter "properties.labels.constellation-uid=${uid}"`,
			},
			{what: 'volumes', command: `gcloud compute disks list --project ${project} --filter "name~^pvc-"`},
			{
				what: anything,
				command: `gcloud compute instances list --project ${project} --filter "labels.constellation-uid=${uid}"`,
			},
		];
	}
	return [
		{what: 'load balancers', command: `openstack loadbalancer list | grep kube_service_${cluster}`},
		{what: 'volumes', command: 'openstack volume list | grep pvc-'},
		{what: anything, command: `openstack server list --tags constellation-uid-${uid}`},
	];
}
