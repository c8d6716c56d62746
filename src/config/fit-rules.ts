import {isObject} from '../attestation/measurements.ts';
import type {Problem} from '../errors.ts';
import {type CloudId, catalogues, type Fit} from '../providers/catalogues.ts';
import {attestationKeys, isAttestationKey} from './attestation-keys.ts';
import {nodeGroupsOf, providerOf, regionOf, variantOf} from './provider.ts';
import type {CloudConfig, ProviderKey} from './schema.ts';

/** Where a cloud says its machine type and its region. */
const places: Readonly<Record<CloudId, {type: string; region: string}>> = {
	aws: {type: 'provider.aws.instanceType', region: 'provider.aws.region'},
	azure: {type: 'provider.azure.instanceType', region: 'provider.azure.location'},
	gcp: {type: 'provider.gcp.instanceType', region: 'provider.gcp.region'},
	openstack: {type: 'provider.openstack.flavorID', region: 'provider.openstack.regionName'},
	stackit: {type: 'provider.openstack.flavorID', region: 'provider.openstack.regionName'},
};

type Misfit = {path: string} & Exclude<Fit, {fits: true}>;

/** What does not go with the attestation variant, by the catalogue of the cloud: machine types, else the region. */
export function misfits(config: CloudConfig): Misfit[] {
	const cloud = providerOf(config);
	if (cloud === 'local' || cloud === 'qemu') return [];
	const {fits} = catalogues[cloud];
	const variant = variantOf(config);
	const types = new Map(
		Object.entries(nodeGroupsOf(config)).map(([name, {instanceType}]) => [
			instanceType,
			config.nodeGroups[name]?.instanceType === undefined ? places[cloud].type : `nodeGroups.${name}.instanceType`,
		]),
	);
	const found = [...types].flatMap(([type, path]) => misfit(path, fits(variant, type)));
	const [type] = types.keys();
	if (type === undefined || found.length > 0) return found;
	return misfit(places[cloud].region, fits(variant, type, regionOf(config)));
}

const misfit = (path: string, fit: Fit): Misfit[] => (fit.fits ? [] : [{path, ...fit}]);

/** Machine types that cannot run the variant, in a value that has other problems: so that all are named at once. */
export function roughMisfits(kind: ProviderKey, value: unknown): Problem[] {
	if ((kind !== 'aws' && kind !== 'azure' && kind !== 'gcp') || !isObject(value)) return [];
	const {attestation, provider, nodeGroups} = value;
	const key = isObject(attestation) ? Object.keys(attestation).find(isAttestationKey) : undefined;
	const section = isObject(provider) && isObject(provider[kind]) ? provider[kind] : {};
	const groups = isObject(nodeGroups) ? Object.entries(nodeGroups) : [];
	const types: [string, unknown][] = [
		[places[kind].type, section['instanceType']],
		...groups.map(([name, group]): [string, unknown] => [
			`nodeGroups.${name}.instanceType`,
			isObject(group) ? group['instanceType'] : undefined,
		]),
	];
	return types.flatMap(([path, type]) => {
		if (key === undefined || typeof type !== 'string' || type === '') return [];
		return firm(misfit(path, catalogues[kind].fits(attestationKeys[key], type)));
	});
}

/** What the hardware cannot do is a problem; what is not known to be offered is a warning. */
export const firm = (found: readonly Misfit[]): Problem[] =>
	found.filter(each => each.firm).map(({path, reason, fix}) => ({path, message: reason, fix}));

/** Zones outside the region, and types of disks that the cloud does not have. */
export function groupProblems(config: CloudConfig): Problem[] {
	const cloud = providerOf(config);
	if (cloud !== 'aws' && cloud !== 'azure' && cloud !== 'gcp') return [];
	const {provider, nodeGroups} = config;
	const region = regionOf(config) ?? '';
	const disks = catalogues[cloud].diskTypes.map(({name}) => name);
	const zones: [string, string | undefined][] = Object.entries(nodeGroups).map(([name, {zone}]) => [
		`nodeGroups.${name}.zone`,
		zone,
	]);
	if ('aws' in provider) zones.push(['provider.aws.zone', provider.aws.zone]);
	if ('gcp' in provider) zones.push(['provider.gcp.zone', provider.gcp.zone]);
	const isZone = (zone: string) =>
		cloud === 'azure' ? /^[123]$/.test(zone) : zone.startsWith(region) && /^-?[a-z]$/.test(zone.slice(region.length));
	return [
		...zones.flatMap(([path, zone]) =>
			zone === undefined || isZone(zone)
				? []
				: [
						{
							path,
							message: `${zone} is no zone of ${region}`,
							fix: cloud === 'azure' ? 'use 1, 2 or 3' : 'use a zone of the region',
						},
					],
		),
		...Object.entries(nodeGroups).flatMap(([name, {stateDiskType: type}]) =>
			type === undefined || disks.includes(type)
				? []
				: [{path: `nodeGroups.${name}.stateDiskType`, message: `must be one of ${disks.join(', ')}`}],
		),
	];
}
