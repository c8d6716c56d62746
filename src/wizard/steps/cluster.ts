import {judgeControlPlanes, judgeName, judgeWorkers, oneOf} from '../judge.ts';
import type {Step} from './step.ts';

/** What the cluster is. */
export const clusterSteps: readonly Step[] = [
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
];
