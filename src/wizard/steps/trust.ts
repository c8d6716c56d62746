import {judgeConsent, judgeSource, oneOf} from '../judge.ts';
import {cloudOf, namesSource} from '../values.ts';
import type {Step} from './step.ts';

/** What a node has to be before it gets a secret, and who says so. */
export const trustSteps: readonly Step[] = [
	{
		id: 'attestation',
		title: 'trust',
		question: 'Which node image do you trust?',
		why: 'A node gets its secrets only if every register below matches; all of them are enforced.',
		explain: [
			'The values are computed from the image files on this machine and signed with your release key. They are never read back from a running node.',
			'They can be compared with signed measurements from elsewhere: the address of a mirror or of a file, a path, or the word bundle for what constellation trust import brought. What is not signed by the key you name, or says anything else, stops the setup.',
			'Besides the registers, the quote must come from a key that the maker key of this workspace certified. A perfect quote from any other key is refused.',
			'Register 15 must be zero before a node joins; then it takes the cluster ID, so that a node of another cluster is told apart.',
			'Enforcing less is possible in the config (warnOnly), never here: a register that only warns protects nothing.',
		],
		when: values => cloudOf(values) === undefined,
		fields: [
			{
				id: 'image',
				kind: 'select',
				label: 'Image',
				flag: '--image',
				env: 'CONSTELLATION_IMAGE',
				options: (_values, facts) =>
					(facts.versions?.images ?? []).map(({version}, index) => ({
						value: version,
						title: version,
						...(index === 0 ? {status: 'of this tool'} : {}),
					})),
				validate: (value, _values, facts) =>
					oneOf(
						value,
						facts.versions?.images.map(image => image.version),
						'The images are still being read.',
					),
			},
			{
				id: 'measurementsFrom',
				kind: 'text',
				label: 'Compare with',
				hint: 'nobody else; or a mirror, a file, bundle',
				flag: '--measurements-from',
				env: 'CONSTELLATION_MEASUREMENTS_FROM',
				validate: judgeSource,
			},
			{
				id: 'signerKey',
				kind: 'text',
				label: 'Signed by',
				hint: 'your release key; or the file of a public key',
				flag: '--key',
				env: 'CONSTELLATION_SIGNER_KEY',
				when: namesSource,
			},
		],
	},
	{
		id: 'measurements',
		title: 'measurements',
		question: 'Do you trust these measurements?',
		why: 'They decide which machines get into the cluster and its secrets.',
		explain: [
			'The signature was checked with the key that you named, and the file is about exactly this image and variant. Every value in it is the one that this machine computed from the files that nodes run.',
			'The transparency log is asked where the config demands it (trust.transparency); for keys of your own its silence is told, not held against them.',
			'The config will name this source and its key, so that an upgrade asks it again.',
		],
		when: values => cloudOf(values) === undefined && namesSource(values),
		fields: [
			{
				id: 'measurementsConsent',
				kind: 'select',
				label: 'The measurements',
				inline: true,
				options: () => [
					{value: 'decline', title: 'Decline, go back'},
					{value: 'accept', title: 'Trust them'},
				],
				validate: judgeConsent,
			},
		],
	},
];
