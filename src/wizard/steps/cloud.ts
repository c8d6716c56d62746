import {catalogues, type Region} from '../../providers/catalogues.ts';
import type {Judgement} from '../judge.ts';
import {judgeSourceRanges, oneOf} from '../judge.ts';
import {cloudOf, type Values} from '../values.ts';
import type {Option, Step} from './step.ts';

const isCloud = (values: Values): boolean => cloudOf(values) !== undefined;

/** What a variant rests on, in a few words. */
const variantWords: Readonly<Record<string, string>> = {
	'aws-sev-snp': 'encrypted memory; AMD signs the report',
	'aws-nitro-tpm': 'measured boot; AWS could read the memory',
	'azure-sev-snp': 'encrypted memory; AMD signs the report',
	'azure-tdx': 'encrypted memory; Intel signs the report',
	'azure-trustedlaunch': 'measured boot; Microsoft could read the memory',
	'gcp-sev-snp': 'encrypted memory; AMD signs the report',
	'gcp-sev-es': 'encrypted memory; only Google vouches for it',
	'qemu-vtpm': 'measured boot; nobody vouches for the TPM',
};

function variants(values: Values): Option[] {
	const cloud = cloudOf(values);
	if (cloud === undefined) return [];
	return catalogues[cloud].variants.map((variant, index) => ({
		value: variant,
		title: variant,
		detail: variantWords[variant] ?? '',
		...(index === 0 ? {status: 'protects most'} : {}),
	}));
}

/** Regions that offer the variant, then the others with the reason why not. */
function regions(values: Values): Option[] {
	const cloud = cloudOf(values);
	if (cloud === undefined) return [];
	const {variant} = values;
	const all = catalogues[cloud].regions();
	const has = (region: Region) => region.variants.includes(variant);
	return [
		...all.filter(has).map(({name, source}) => ({value: name, title: name, status: `as of ${source.date}`})),
		...all
			.filter(region => !has(region))
			.map(({name, source}) => ({
				value: name,
				title: name,
				status: `no ${variant} known (${source.date})`,
				disabled: true,
			})),
	];
}

function zones(values: Values): Option[] {
	const cloud = cloudOf(values);
	if (cloud === undefined) return [];
	const region = catalogues[cloud].regions().find(({name}) => name === values.region);
	return (region?.zones ?? []).map(zone => ({value: zone, title: zone}));
}

const familyOf = (name: string): string => name.split('.')[0] ?? name;

/** Machine types that run the variant, and below, why some that one might look for are missing. */
function types(values: Values): Option[] {
	const cloud = cloudOf(values);
	if (cloud === undefined) return [];
	const {variants: all, instanceTypes} = catalogues[cloud];
	const {variant} = values;
	const fitting = instanceTypes(variant).map(({name}) => name);
	const others = all.flatMap(other => {
		const [first] = instanceTypes(other).filter(({name}) => !fitting.some(each => familyOf(each) === familyOf(name)));
		return other === variant || first === undefined ? [] : [{...first, other}];
	});
	return [
		...fitting.map((name, index) => ({value: name, title: name, ...(index === 0 ? {status: '4 processors'} : {})})),
		...others.map(({name, other}) => ({
			value: name,
			title: name,
			status: `runs ${other}, not ${variant}`,
			disabled: true,
		})),
	];
}

const enabled = (options: readonly Option[]): string[] => options.filter(({disabled}) => !disabled).map(({value}) => value);

/** Chosen from a list where there is one, typed where the cloud has its own words. */
function judgeChoice(value: string, options: readonly Option[], what: string): Judgement {
	if (options.length === 0) return value.trim() === '' ? {error: `Name ${what}.`} : {};
	const found = options.find(option => option.value === value);
	if (found?.disabled && found.status !== undefined) return {error: `${value}: ${found.status}.`};
	return oneOf(value, enabled(options), '');
}

const listed = (options: (values: Values) => readonly Option[]) => (values: Values) =>
	isCloud(values) && options(values).length > 0;
const typed = (options: (values: Values) => readonly Option[]) => (values: Values) =>
	isCloud(values) && options(values).length === 0;

/** Questions that only clouds need, in the order in which one limits the next. They stand behind the one for the provider. */
export const cloudSteps: readonly Step[] = [
	{
		id: 'protection',
		title: 'protection',
		question: 'What should the nodes prove?',
		why: 'It decides who could still read the data, and which machines and regions there are.',
		explain: [
			'With SEV-SNP and TDX the processor encrypts the memory and signs what runs there; the signature leads to AMD or Intel, not to the cloud.',
			'Measured boot alone (NitroTPM, trusted launch, a virtual TPM) proves which image booted, on the word of the cloud, and leaves the memory readable to it.',
			'`constellation posture --provider PROVIDER --variant VARIANT` tells who could read what, with sources.',
		],
		when: isCloud,
		fields: [
			{
				id: 'variant',
				kind: 'select',
				label: 'Attestation',
				flag: '--attestation',
				env: 'CONSTELLATION_ATTESTATION',
				preselect: true,
				options: variants,
				validate: (value, values) => judgeChoice(value, variants(values), 'an attestation variant'),
			},
		],
	},
	{
		id: 'place',
		title: 'place',
		question: 'In which region or zone?',
		why: 'Not every region has machines that can prove it.',
		explain: [
			'The list says from when it is. A region that is missing may have such machines by now: write it in the config, and the checks ask the cloud.',
			'All nodes are in one zone unless the config names another one for a node group.',
		],
		when: isCloud,
		fields: [
			{
				id: 'region',
				kind: 'select',
				label: 'Region',
				flag: '--region',
				env: 'CONSTELLATION_REGION',
				preselect: true,
				when: listed(regions),
				options: regions,
				validate: (value, values) => judgeChoice(value, regions(values), 'a region'),
			},
			{
				id: 'zone',
				kind: 'select',
				label: 'Zone',
				inline: true,
				flag: '--zone',
				env: 'CONSTELLATION_ZONE',
				preselect: true,
				when: values => listed(zones)(values) && values.provider !== 'azure',
				options: zones,
				validate: (value, values) => judgeChoice(value, zones(values), 'a zone'),
			},
			{
				id: 'zone',
				kind: 'text',
				label: 'Zone',
				hint: 'openstack availability zone list --compute',
				flag: '--zone',
				env: 'CONSTELLATION_ZONE',
				when: values => typed(zones)(values) && values.provider !== 'azure',
				validate: value => judgeChoice(value, [], 'an availability zone'),
			},
		],
	},
	{
		id: 'machines',
		title: 'machines',
		question: 'Which machines?',
		why: 'They are what costs most; the type of a group cannot be changed later without replacing its nodes.',
		explain: [
			'Nodes need four processors. Control planes and workers get the same type here; the config can name another one for each node group.',
			'`constellation config instance-types` lists all that are known, with their source.',
		],
		when: isCloud,
		fields: [
			{
				id: 'instanceType',
				kind: 'select',
				label: 'Machine type',
				flag: '--instance-type',
				env: 'CONSTELLATION_INSTANCE_TYPE',
				preselect: true,
				when: listed(types),
				options: types,
				validate: (value, values) => judgeChoice(value, types(values), 'a machine type'),
			},
			{
				id: 'instanceType',
				kind: 'text',
				label: 'Flavor',
				hint: 'openstack flavor list',
				flag: '--instance-type',
				env: 'CONSTELLATION_INSTANCE_TYPE',
				when: typed(types),
				validate: value => judgeChoice(value, [], 'a flavor, by name or id'),
			},
		],
	},
	{
		id: 'access',
		title: 'access',
		question: 'From where may the cluster be reached?',
		why: 'Its public ports answer these addresses only; everything else is closed.',
		explain: [
			'IPv4 ranges, separated by commas: 198.51.100.7/32 is one address, 198.51.100.0/24 a network of 256. You need your own to initialise the cluster.',
			'0.0.0.0/0 opens the ports to everyone. It is never a default.',
		],
		when: isCloud,
		fields: [
			{
				id: 'sourceRanges',
				kind: 'text',
				label: 'Address ranges',
				hint: 'such as 198.51.100.7/32, your own address',
				flag: '--source-ranges',
				env: 'CONSTELLATION_SOURCE_RANGES',
				validate: judgeSourceRanges,
			},
		],
	},
];
