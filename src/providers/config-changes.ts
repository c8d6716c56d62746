import type {Problem} from '../errors.ts';
import {count} from '../text.ts';
import type {CloudId} from './catalogues.ts';
import type {CloudVariables} from './module-input.ts';

/** What of a cluster exists, by Terraform's state: anything at all, and the node groups whose machines the cloud looks after. */
export type Existing = {anything: boolean; groups: readonly string[]};

/** What becomes of a config that was edited after something was made of it. */
export type Edits = {
	/** What cannot be done to what exists; `path` is that of the config. */
	refusals: Problem[];
	/** What the config says and this run leaves as it is, or does only in part. */
	notes: string[];
	/** The variables, with what stays as it is. */
	variables: CloudVariables;
};

type Group = {
	role: string;
	image: string;
	count: number;
	instance_type: string;
	zone?: string;
	disk_size: number;
	disk_type: string;
};
type Groups = Readonly<Record<string, Group>>;

/** Where a cluster is: another value is another place, and everything would be made anew there. By variable; the key of the config. */
const places: Readonly<Record<CloudId, Readonly<Record<string, string>>>> = {
	// The zone is that of the load balancer, which stays where it is.
	aws: {region: 'provider.aws.region', zone: 'provider.aws.zone'},
	azure: {
		subscription: 'provider.azure.subscription',
		resource_group: 'provider.azure.resourceGroup',
		location: 'provider.azure.location',
	},
	gcp: {project: 'provider.gcp.project', region: 'provider.gcp.region'},
	openstack: {region: 'provider.openstack.regionName'},
	stackit: {project: 'provider.openstack.stackitProjectID'},
};

/** What machines are, and the address that they know: those that run cannot become others. */
const kinds: Readonly<Record<CloudId, Readonly<Record<string, string>>>> = {
	aws: {sev_snp: 'attestation'},
	azure: {confidential: 'attestation', secure_boot: 'provider.azure.secureBoot'},
	gcp: {technology: 'attestation'},
	openstack: {floating_ip_pool: 'provider.openstack.floatingIPPoolID'},
	stackit: {floating_ip_pool: 'provider.openstack.floatingIPPoolID'},
};

/** Compares the variables of the last plan with those of the config as it is now. `before` is absent where nothing was planned yet. */
export function settleEdits(
	cloud: CloudId,
	before: Readonly<Record<string, unknown>> | undefined,
	wanted: CloudVariables,
	{anything, groups}: Existing,
): Edits {
	if (before === undefined || !anything) return {refusals: [], notes: [], variables: wanted};
	const refusals: Problem[] = [];
	const notes: string[] = [];
	const values = [before, wanted].map(({cloud: own}) => (own ?? {}) as Record<string, unknown>);
	const fixed = {...places[cloud], ...(groups.length > 0 ? kinds[cloud] : {})};
	for (const [variable, path] of [...Object.entries(fixed), ['name', 'name'] as const]) {
		const [was, is] = variable === 'name' ? [before['name'], wanted['name']] : values.map(each => each[variable]);
		if (was !== undefined && JSON.stringify(was) !== JSON.stringify(is))
			refusals.push({
				path,
				message: `the cluster was made with ${shown(was)}, and the config says ${shown(is)}`,
				fix: 'change it back, or use another folder for another cluster',
			});
	}
	const [old, fresh] = [before, wanted].map(each => (each['node_groups'] ?? {}) as Groups);
	const kept = Object.entries(fresh ?? {}).map(([name, group]) => {
		const was = old?.[name];
		return [
			name,
			was !== undefined && groups.includes(name) ? settleGroup(cloud, name, was, group, {refusals, notes}) : group,
		] as const;
	});
	for (const [name, {role}] of Object.entries(old ?? {}))
		if (role === 'control-plane' && groups.includes(name) && fresh?.[name] === undefined)
			refusals.push({
				path: `nodeGroups.${name}`,
				message: 'control planes are not taken away with their group',
				fix: 'put it back',
			});
	return {refusals, notes, variables: {...wanted, node_groups: Object.fromEntries(kept)}};
}

function settleGroup(
	cloud: CloudId,
	name: string,
	was: Group,
	is: Group,
	{refusals, notes}: {refusals: Problem[]; notes: string[]},
): Group {
	const path = `nodeGroups.${name}`;
	const perMachine = cloud === 'openstack' || cloud === 'stackit';
	const controlPlanes = was.role === 'control-plane';
	if (was.role !== is.role)
		refusals.push({path: `${path}.role`, message: `its machines are ${was.role}s`, fix: 'use another group for the other role'});
	if (was.zone !== is.zone && controlPlanes)
		refusals.push({
			path: `${path}.zone`,
			message: `its control planes are in ${was.zone ?? 'zones that the cloud chose'}; moving them would end them all`,
			fix: 'change it back, or add a group of control planes in the other zone',
		});
	else if (was.zone !== is.zone) notes.push(`Moving node group ${name} to another zone ends its machines without draining them.`);
	if (perMachine && controlPlanes && is.count < was.count)
		refusals.push({
			path: `${path}.count`,
			message: `control planes are not taken away: there are ${was.count}`,
			fix: 'a control plane that goes takes its vote of the store with it; keep as many or more',
		});
	if (was.image !== '' && is.image !== '' && was.image !== is.image)
		notes.push(
			`Machines of node group ${name} keep the image ${was.image}; ${perMachine ? 'new ones get the other' : 'so do new ones'}.`,
		);
	const machine = (of: Group) => `${of.instance_type}, ${of.disk_size} GB ${of.disk_type}`;
	if (machine(was) !== machine(is))
		notes.push(
			cloud === 'gcp'
				? `Node group ${name} keeps ${machine(was)}: Google changes no template. Add a group for ${machine(is)}.`
				: `Machines of node group ${name} that run keep ${machine(was)}; new ones get ${machine(is)}.`,
		);
	if (perMachine) return is;
	if (was.count !== is.count) {
		const how = `constellation scale --group ${name} --nodes ${is.count}`;
		notes.push(
			`Node group ${name} has ${count(was.count, 'machine')}, and the config says ${is.count}: apply leaves that; ${how}.`,
		);
	}
	return {...is, count: was.count, ...(was.image !== '' && is.image !== '' ? {image: was.image} : {})};
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
