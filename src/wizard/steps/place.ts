import {stoppingOnly} from '../checks.ts';
import type {ProviderId} from '../deps.ts';
import {judgeFolder, judgeProvider} from '../judge.ts';
import {providerPromise, providers} from '../providers.ts';
import {type Facts, folderReport} from '../values.ts';
import type {Option, Step} from './step.ts';

const yesNo: readonly Option[] = [
	{value: 'yes', title: 'Yes'},
	{value: 'no', title: 'No'},
];

/** Whether one could begin there right now. */
function readiness(id: ProviderId, facts: Facts): string {
	if (stoppingOnly(facts, id).length > 0) return 'a check failed';
	return facts.versions?.places?.[id] ?? (id === 'local' ? 'ready' : '');
}

/** Where the cluster is kept and where it runs. */
export const placeSteps: readonly Step[] = [
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
			'Some matter only where nodes run on this machine. If one of those failed, a cloud can be chosen all the same.',
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
				options: (_values, facts) =>
					providers.map(({id, title, detail, built}) => ({
						value: id,
						title,
						detail,
						status: built ? readiness(id, facts) : 'not built yet',
						disabled: !built,
					})),
				validate: judgeProvider,
			},
		],
	},
];
