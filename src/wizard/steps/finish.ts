import {cloudOf, type Facts, type Values} from '../values.ts';
import type {Step} from './step.ts';

/** What the consent is to: a second run changes what exists. */
function createWords(values: Values, {plan: {plan}, settled}: Facts): string {
	if (plan === undefined && settled === true) return 'Apply';
	if (plan !== undefined && plan.create + plan.update + plan.destroy === 0) return 'Go on, nothing changes';
	if (plan !== undefined && plan.update + plan.destroy > 0) return 'Apply these changes';
	if (cloudOf(values) === undefined) return 'Create the cluster';
	return values.nodeImage === '' ? 'Create the infrastructure' : 'Create the machines';
}

/** From the consent to the end. */
export const finishSteps: readonly Step[] = [
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
				options: (values, facts) => [
					{
						value: 'create',
						title: createWords(values, facts),
						disabled: facts.plan.state !== 'done',
						...(facts.plan.state === 'done'
							? {}
							: {status: facts.plan.state === 'failed' ? 'the plan failed' : 'waits for the plan'}),
					},
					{value: 'back', title: facts.settled === true ? 'Leave' : 'Back'},
					...(facts.settled === true ? [] : [{value: 'save', title: 'Save the config and leave'}]),
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
		id: 'removal',
		title: 'removal',
		question: 'Remove what was made?',
		why: 'It is not needed to go on: trying again continues with what exists.',
		explain: [
			'Everything that Terraform recorded in this folder is removed, disks included; config, identities and the answers stay. It is what `constellation terminate` does.',
		],
		fields: [{id: 'removal', kind: 'text', label: 'Name of the cluster'}],
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
