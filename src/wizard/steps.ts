import {cloudSteps} from './cloud-steps.ts';
import type {Judgement} from './judge.ts';
import {judgeControlPlanes, judgeFolder, judgeName, judgeProvider, judgeWorkers, oneOf} from './judge.ts';
import {providerPromise, providers} from './providers.ts';
import type {Facts, FieldId, StepId, Values} from './state.ts';

export type Option = {value: string; title: string; detail?: string; status?: string; disabled?: boolean};

export type Field = {
	id: FieldId;
	kind: 'text' | 'number' | 'select' | 'confirm';
	label: string;
	/** Choices stand beside each other, where the window is wide enough. */
	inline?: boolean;
	/** The first choice counts until another one is chosen. */
	preselect?: boolean;
	/** The flag of `apply` and the environment variable that answer this beforehand; absent for what only a person can do. */
	flag?: string;
	env?: string;
	when?: (values: Values, facts: Facts) => boolean;
	options?: (values: Values, facts: Facts) => readonly Option[];
	validate?: (value: string, values: Values, facts: Facts) => Judgement;
};

export type Step = {
	id: StepId;
	title: string;
	question: string;
	/** Why it matters, in a line. */
	why: string;
	/** What `e` explains: whole sentences, one paragraph each. */
	explain: readonly string[];
	fields: readonly Field[];
	when?: (values: Values, facts: Facts) => boolean;
};

const yesNo: readonly Option[] = [
	{value: 'yes', title: 'Yes'},
	{value: 'no', title: 'No'},
];

/** The questions of a new cluster, in order. Ink, the line prompts, flags, environment and docs all read this table. */
export const setupSteps: readonly Step[] = [
	{
		id: 'folder',
		title: 'folder',
		question: 'Which folder should hold the cluster?',
		why: 'Its config, secrets and Terraform state live there; every later command starts from it.',
		explain: [
			'A workspace is a folder of its own: config, cluster ID, master secret, kubeconfig and Terraform state of one cluster. Files with secrets get mode 0600.',
			'The folder is made if it does not exist. Before you agree on the review page, it gets the config and what Terraform needs to plan; nothing is created, and no secret is made. Your answers are kept in a draft.',
		],
		fields: [
			{
				id: 'folder',
				kind: 'text',
				label: 'Folder',
				flag: '-C',
				env: 'CONSTELLATION_WORKSPACE',
				validate: judgeFolder,
			},
			{
				id: 'ignoreRules',
				kind: 'confirm',
				inline: true,
				label: 'Keep the secret files out of git?',
				env: 'CONSTELLATION_IGNORE_RULES',
				when: (values, facts) => folderReport(values, facts)?.git?.ignored === false,
				options: () => yesNo,
			},
		],
	},
	{
		id: 'checks',
		title: 'checks',
		question: 'Checking what could fail later',
		why: 'Nothing is created here; better now than in the middle of the work.',
		explain: [
			'Each check says what it found and, if it failed, what to do. A warning does not stop you; a failed check does. r runs them again.',
		],
		fields: [],
	},
	{
		id: 'provider',
		title: 'provider',
		question: 'Where should the nodes run?',
		why: 'It decides what the nodes are protected from.',
		explain: [
			providerPromise('local'),
			'On a cloud, nodes are confidential VMs: the processor encrypts their memory, and the report that admits them is signed by the hardware.',
			'The protocol between nodes is the same everywhere: measured boot, attestation before any secret, join tickets.',
		],
		fields: [
			{
				id: 'provider',
				kind: 'select',
				label: 'Provider',
				env: 'CONSTELLATION_PROVIDER',
				options: () =>
					providers.map(({id, title, detail, built}) => ({
						value: id,
						title,
						detail,
						status: built ? 'ready' : 'not built yet',
						disabled: !built,
					})),
				validate: judgeProvider,
			},
		],
	},
	...cloudSteps,
	{
		id: 'name',
		title: 'name',
		question: 'What should the cluster be called?',
		why: 'The name appears in the kubeconfig and on every resource; it cannot be changed later.',
		explain: [
			'Lower-case letters, digits and dashes, starting with a letter, at most 37 characters (9 on AWS, 26 on other clouds). To remove the cluster you will be asked to type it.',
		],
		fields: [
			{
				id: 'name',
				kind: 'text',
				label: 'Name',
				flag: '--name',
				env: 'CONSTELLATION_NAME',
				validate: judgeName,
			},
		],
	},
	{
		id: 'nodes',
		title: 'nodes',
		question: 'How many nodes?',
		why: 'Control planes hold the cluster together; workers run your programs.',
		explain: [
			'One control plane: if it dies, the cluster stops until it is recovered with the master secret. Workers cannot join meanwhile.',
			'Three control planes survive the loss of one, five the loss of two. An even number survives no more than the odd number below it.',
			'Worker counts can be changed later with constellation scale.',
		],
		fields: [
			{
				id: 'controlPlanes',
				kind: 'number',
				label: 'Control planes',
				flag: '--control-planes',
				env: 'CONSTELLATION_CONTROL_PLANES',
				validate: judgeControlPlanes,
			},
			{
				id: 'workers',
				kind: 'number',
				label: 'Workers',
				flag: '--workers',
				env: 'CONSTELLATION_WORKERS',
				validate: judgeWorkers,
			},
		],
	},
	{
		id: 'kubernetes',
		title: 'Kubernetes',
		question: 'Which Kubernetes version?',
		why: 'The newest is the safe choice; an older one is for programs that need it.',
		explain: ['The components of each version are pinned by hash. A later upgrade goes one minor version at a time.'],
		fields: [
			{
				id: 'kubernetes',
				kind: 'select',
				label: 'Kubernetes',
				flag: '--kubernetes',
				env: 'CONSTELLATION_KUBERNETES',
				options: (_values, facts) =>
					(facts.versions?.kubernetes ?? []).map((version, index) => ({
						value: version,
						title: version,
						...(index === 0 ? {status: 'default'} : {}),
					})),
				validate: (value, _values, facts) => oneOf(value, facts.versions?.kubernetes, 'The versions are still being read.'),
			},
		],
	},
	{
		id: 'attestation',
		title: 'trust',
		question: 'Which node image do you trust?',
		why: 'A node gets its secrets only if every register below matches; all of them are enforced.',
		explain: [
			'The values are computed from the image files on this machine and signed with your release key. They are never read back from a running node.',
			'Besides the registers, the quote must come from a key that the maker key of this workspace certified. A perfect quote from any other key is refused.',
			'Register 15 must be zero before a node joins; then it takes the cluster ID, so that a node of another cluster is told apart.',
			'Enforcing less is possible in the config (warnOnly), never here: a register that only warns protects nothing.',
		],
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
						...(index === 0 ? {status: 'newest'} : {}),
					})),
				validate: (value, _values, facts) =>
					oneOf(
						value,
						facts.versions?.images.map(image => image.version),
						'The images are still being read.',
					),
			},
		],
	},
	{
		id: 'review',
		title: 'review',
		question: 'Review',
		why: 'Nothing has been created yet.',
		explain: [
			'The plan comes from Terraform and is exactly what will be applied; if anything changes in between, the work stops and shows the new plan.',
			'The master secret is made on this machine, written to the workspace first, and then sent once: to the first node that passes attestation.',
		],
		fields: [
			{
				id: 'consent',
				kind: 'select',
				inline: true,
				label: 'What now?',
				flag: '--yes',
				options: (_values, facts) => [
					{
						value: 'create',
						title: 'Create the cluster',
						disabled: facts.plan.state !== 'done',
						...(facts.plan.state === 'done'
							? {}
							: {status: facts.plan.state === 'failed' ? 'the plan failed' : 'waits for the plan'}),
					},
					{value: 'back', title: 'Back'},
					{value: 'save', title: 'Save the config and leave'},
				],
			},
		],
	},
	{
		id: 'work',
		title: 'work',
		question: 'Creating the cluster',
		why: 'Every node shows its boot measurements before it gets a secret.',
		explain: [
			'Requested, booting, measured: what the provider and the node say. Marked as reported until the node is attested.',
			'Attested: the JoinService checked the quote. Ticket: the node got its certificate. Kubelet, ready: Kubernetes says so.',
		],
		fields: [],
	},
	{
		id: 'secrets',
		title: 'secrets',
		question: 'Have you stored a copy of the master secret?',
		why: 'It recovers every node; nobody can make it again.',
		explain: [
			'The master secret is hidden on screen and plain text in its file (mode 0600). Copying puts it in your clipboard; terminal history is not ours to erase.',
			'Without it, a cluster whose control planes all stopped cannot be started again.',
		],
		fields: [{id: 'copy', kind: 'text', label: 'Last 6 characters of the key, or "later"'}],
	},
	{
		id: 'summary',
		title: 'summary',
		question: 'Your cluster is ready',
		why: 'This summary stays on your normal screen when you leave.',
		explain: ['The next commands work from the workspace folder, or from anywhere with -C.'],
		fields: [],
	},
];

/** The step of this id. */
export function stepOf(id: StepId): Step {
	const step = setupSteps.find(other => other.id === id);
	if (step === undefined) throw new TypeError(`no step ${id}`);
	return step;
}

/** The fields of a step that are asked with these values. */
export function fieldsOf(id: StepId, values: Values, facts: Facts): Field[] {
	const step = stepOf(id);
	return isAsked(step, values, facts) ? step.fields.filter(field => field.when?.(values, facts) ?? true) : [];
}

/** Whether a step is asked with these values. */
export const isAsked = (step: Step, values: Values, facts: Facts): boolean => step.when?.(values, facts) ?? true;

/** Questions count up to the review: step n of m. */
export function position(id: StepId, values: Values, facts: Facts): {index: number; total: number} | undefined {
	const asked = setupSteps
		.slice(0, setupSteps.findIndex(step => step.id === 'review') + 1)
		.filter(step => isAsked(step, values, facts));
	const index = asked.findIndex(step => step.id === id);
	return index === -1 ? undefined : {index: index + 1, total: asked.length};
}

/** What is known of the folder that is on the form now. */
export function folderReport(values: Values, facts: Facts): NonNullable<Facts['folder']>['report'] | undefined {
	return facts.folder?.asked === values.folder ? facts.folder.report : undefined;
}
