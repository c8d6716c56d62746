import {type AccountField, accountFields, identityFields, variableOf} from '../../config/account-keys.ts';
import {cloudIds} from '../../providers/catalogues.ts';
import {judgeAccount, judgeIamPrefix, judgeNodeImage} from '../judge.ts';
import {cloudOf, type FieldId, type Values} from '../values.ts';
import type {Field, Step} from './step.ts';

const has = (fields: typeof accountFields) => (values: Values) => {
	const cloud = cloudOf(values);
	return cloud !== undefined && fields[cloud].length > 0;
};

const hasIdentities = has(identityFields);
const makes = ({iam}: Values): boolean => iam === 'make';

/** A line to fill in for each key of a cloud; clouds that share a key share the line. */
function fieldsFor(fields: typeof accountFields, when: (values: Values) => boolean): Field[] {
	const all = new Map<FieldId, {field: AccountField; clouds: string[]}>();
	for (const cloud of cloudIds)
		for (const field of fields[cloud]) {
			const known = all.get(field.key);
			if (known === undefined) all.set(field.key, {field, clouds: [cloud]});
			else known.clouds.push(cloud);
		}
	return [...all.values()].map(
		({field, clouds}): Field => ({
			id: field.key,
			kind: 'text',
			label: field.label,
			hint: field.hint,
			flag: `--${field.flag}`,
			env: variableOf(field.flag),
			...(field.known === undefined ? {} : {known: field.known}),
			when: values => when(values) && clouds.includes(values.provider),
			validate: (value, values) => judgeAccount(field, value, values),
		}),
	);
}

/** Whose account it is, and what nodes may do in it. */
export const accountSteps: readonly Step[] = [
	{
		id: 'account',
		title: 'account',
		question: 'Whose account is it?',
		why: 'Credentials alone do not say it; the config names it, so that nothing is made elsewhere.',
		explain: [
			'What the variables of the cloud’s own tools say is suggested. Nothing here is secret; credentials stay where the tools of the cloud keep them.',
			'On OpenStack the controllers in the cluster log in too: their password is read from CONSTELL_OS_PASSWORD and never written to the config.',
		],
		when: has(accountFields),
		fields: fieldsFor(accountFields, () => true),
	},
	{
		id: 'identity',
		title: 'identity',
		question: 'Which identities do the nodes get?',
		why: 'They decide what a node may do in your account, and nothing else does.',
		explain: [
			'The ones made here may do what nodes need and no more; `constellation iam create` makes the same. They cost nothing and outlive the cluster: `constellation iam destroy` removes them.',
			'Existing ones are taken as they are; whether they allow enough shows when nodes start.',
		],
		when: hasIdentities,
		fields: [
			{
				id: 'iam',
				kind: 'select',
				label: 'Identities',
				inline: true,
				env: 'CONSTELLATION_IAM',
				preselect: true,
				options: () => [
					{value: 'make', title: 'Make them', status: 'plan first'},
					{value: 'existing', title: 'Use existing ones'},
				],
			},
			{
				id: 'iamPrefix',
				kind: 'text',
				label: 'Names start with',
				flag: '--prefix',
				env: 'CONSTELLATION_IAM_PREFIX',
				when: makes,
				validate: judgeIamPrefix,
			},
			...fieldsFor(identityFields, values => !makes(values)),
		],
	},
	{
		id: 'identities',
		title: 'identities',
		question: 'Make these identities?',
		why: 'They come before the plan of the cluster, which has to name them. Nothing has been created yet.',
		explain: [
			'Terraform makes exactly what is shown, in constellation-iam-terraform of the workspace. What fails is gone on with; what exists is kept.',
		],
		when: values => hasIdentities(values) && makes(values),
		fields: [
			{
				id: 'iamConsent',
				kind: 'select',
				inline: true,
				label: 'What now?',
				when: (_values, {identities}) => identities.state === 'planned',
				options: (_values, {identities}) => [
					{value: 'make', title: nothingToMake(identities.plan) ? 'Use them' : 'Make them'},
					{value: 'back', title: 'Back'},
				],
			},
		],
	},
	{
		id: 'image',
		title: 'image',
		question: 'Which image do the nodes boot?',
		why: 'This release has no image for clouds yet: the work stops after the infrastructure, or with an image of yours after its machines.',
		explain: [
			'The image is named as the cloud does: an AMI, a resource id, a path of a project, an id. Its measurements come from `constellation config fetch-measurements --version VERSION`.',
			'Empty is fine: network, load balancer and empty groups are made, and `constellation apply` goes on when the config names an image.',
		],
		when: values => cloudOf(values) !== undefined,
		fields: [
			{
				id: 'nodeImage',
				kind: 'text',
				label: 'Image',
				hint: 'empty: none yet',
				flag: '--image',
				env: 'CONSTELLATION_IMAGE',
				validate: judgeNodeImage,
			},
		],
	},
];

/** Whether a plan of identities changes nothing: they are there already. */
export const nothingToMake = (plan?: {create: number; update: number; destroy: number}): boolean =>
	plan !== undefined && plan.create + plan.update + plan.destroy === 0;
