import {endpointFlag, signerKeyFlag} from './flags.ts';
import type {CommandSpec, FlagSpec} from './types.ts';

const variantFlag: FlagSpec = {
	name: 'variant',
	value: 'VARIANT',
	description: 'Attestation variant, where the file does not say it: local-vtpm, qemu-vtpm, azure-sev-snp and so on',
	env: 'CONSTELLATION_VARIANT',
};

const providerFlag: FlagSpec = {
	name: 'provider',
	value: 'PROVIDER',
	description: 'Who runs the machines: local, qemu, openstack, stackit, aws, azure or gcp',
	env: 'CONSTELLATION_PROVIDER',
};

/** Commands that check a cluster, and carry what checking needs. */
export const trustCommands: readonly CommandSpec[] = [
	{
		name: 'verify',
		summary: 'Challenge the cluster and check its attestation',
		details:
			'Shows every check: expected, actual, verdict, and where the expected value came from. Works for clusters of this tool and of Constellation v2.9, in their workspace or anywhere with a cluster ID, an endpoint and expected values. Without expected values nothing is checked, and the exit code is 5.',
		flags: [
			{
				name: 'cluster-id',
				value: 'ID',
				description: 'ID the cluster must have, base64 or hex (default: the one of the workspace)',
				env: 'CONSTELLATION_CLUSTER_ID',
			},
			endpointFlag,
			{
				name: 'measurements',
				value: 'FILE|URL',
				description:
					'Expected values: a config, an attestation config, a measurements file, the address of one or of a mirror, or the word bundle (default: the config of the workspace)',
				env: 'CONSTELLATION_MEASUREMENTS',
			},
			variantFlag,
			providerFlag,
			{
				name: 'image',
				value: 'VERSION',
				description: 'Image whose signed measurements are meant (default: what the source or the config says)',
				env: 'CONSTELLATION_IMAGE',
			},
			signerKeyFlag,
			{
				name: 'accept-unknown-keys',
				description: 'Accept an attestation key that nothing vouches for (QEMU and AWS of v2.9); stays visible as a warning',
				env: 'CONSTELLATION_ACCEPT_UNKNOWN_KEYS',
			},
			{
				name: 'raw',
				value: 'FILE|-',
				description: 'Write the attestation document as it came to a new file, or with - to stdout and nothing else there',
				env: 'CONSTELLATION_RAW',
			},
		],
		examples: [
			'constellation verify',
			'constellation verify --endpoint 127.44.7.1 --cluster-id 8Dt0uVXq0HnB0nGx4rYcJ0m2m3W9cH7y2lLrVY8bWqE= --measurements constellation-conf.yaml',
			'constellation verify --measurements measurements.json --variant qemu-vtpm --accept-unknown-keys --raw document.json',
		],
	},
	{
		name: 'posture',
		summary: 'Say who could still read the data, and what another choice would change',
		details:
			'Answers for the config of the workspace, or for any provider and variant. Every statement has a public source and its date; “in part” and “not known” mean what they say.',
		flags: [providerFlag, variantFlag],
		examples: ['constellation posture', 'constellation posture --provider azure --variant azure-sev-snp --json'],
	},
	{
		name: 'receipt verify',
		summary: 'Check a receipt with nothing but itself',
		details:
			'apply, scale and verify add a signed receipt to constellation-receipts. Its key is inside: that the receipt is unchanged is proved, whose key it is is not. Compare the fingerprint with one you kept, or name it with --key.',
		argument: {name: 'FILE', description: 'Receipt to check', required: true},
		flags: [
			{
				name: 'key',
				value: 'KEY',
				description: 'The one key that may have signed it: SHA256: and hex, or a PEM file (default: the one inside)',
				env: 'CONSTELLATION_RECEIPT_KEY',
			},
		],
		examples: ['constellation receipt verify constellation-receipts/2026-11-22T18-30-00Z-apply.cbor'],
	},
	{
		name: 'receipt show',
		summary: 'Show what a receipt says',
		argument: {name: 'FILE', description: 'Receipt to show', required: true},
		flags: [],
		examples: ['constellation receipt show constellation-receipts/2026-11-22T18-30-00Z-apply.cbor --json'],
	},
	{
		name: 'receipt list',
		summary: 'List the receipts of the workspace, each checked',
		flags: [],
		examples: ['constellation receipt list'],
	},
	{
		name: 'releases publish',
		summary: 'Write the measurements of the images here as files for a mirror',
		details: 'Paths are those of Constellation v2.9, signatures those of cosign; any web server can serve the folder.',
		argument: {name: 'DIR', description: 'Folder to write to', required: true},
		flags: [],
		examples: ['constellation releases publish public'],
	},
	{
		name: 'releases check',
		summary: 'Check everything that a mirror offers',
		argument: {name: 'DIR|URL', description: 'Folder or address of the mirror', required: true},
		flags: [signerKeyFlag],
		examples: ['constellation releases check public', 'constellation releases check https://mirror.example.org --key cosign.pub'],
	},
	{
		name: 'trust export',
		summary: 'Write what verification needs into one file, for machines without a network',
		details:
			'Measurements with their signatures and log proofs, certificates, revocation lists and statements of the vendors: what was fetched here before, and what checks of the cluster in this folder take, which is fetched now; what could not be had is told. Nothing is trusted because it is in the file: an import checks every part. What nobody signs cannot be in it: keys that Google names for machines, machine images of AWS, keys of a Microsoft attestation provider. Those are asked for with every check, or enrolled in the policy (attestationKeys).',
		argument: {name: 'FILE', description: 'New file', required: true},
		flags: [
			signerKeyFlag,
			{name: 'offline', description: 'Ask nobody: take what is kept here', env: 'CONSTELLATION_TRUST_OFFLINE'},
		],
		examples: ['constellation trust export trust.cbor', 'constellation trust export trust.cbor --offline'],
	},
	{
		name: 'trust import',
		summary: 'Check every part of a trust bundle and keep it',
		argument: {name: 'FILE', description: 'File that trust export wrote', required: true},
		flags: [signerKeyFlag],
		examples: ['constellation trust import trust.cbor'],
	},
	{
		name: 'trust show',
		summary: 'Show what is kept for verification, and what ends when',
		argument: {name: 'FILE', description: 'Trust bundle to look into (default: what is kept here)', required: false},
		flags: [signerKeyFlag],
		examples: ['constellation trust show', 'constellation trust show trust.cbor --json'],
	},
];
