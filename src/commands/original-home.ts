import {abilitiesOf} from '../flows/original/abilities.ts';
import type {Original} from '../flows/original/open.ts';
import type {HomeFacts, HomeItem} from '../wizard/home.ts';
import {originalTitle} from './original-words.ts';

/** Short, beside their titles; `status` has the rest. */
const shown: Readonly<Record<string, [id: HomeItem['id'], title: string, detail: string]>> = {
	status: ['status', 'Status', 'all that is known, and how to move on'],
	verify: ['verify', 'Verify', 'challenge the cluster; writes no receipt here'],
	'kubeconfig merge': ['kubeconfig merge', 'Kubeconfig', 'add the cluster to your own kubeconfig'],
	recover: ['recover', 'Recover', 'master secret to nodes that wait for it; key-bound only'],
	terminate: ['terminate', 'Terminate', 'removes nothing: lists resources and the commands'],
};

/** The home screen of a folder of the original: what it is, and what works in it. Asks nobody. */
export function originalFacts(original: Original): HomeFacts {
	const {provider, config} = original;
	const name = config?.name ?? '';
	return {
		name: name === '' ? 'a cluster' : name,
		provider,
		state: 'read-only',
		checkedAt: Date.now(),
		original: {
			words: [
				`${originalTitle({...original, name})}.`,
				'This folder is only read, never changed. Status says what does not work, and how to move on.',
			],
			items: abilitiesOf(original).flatMap(({command, missing}): HomeItem[] => {
				const [id, title, detail] = shown[command] ?? [];
				if (id === undefined || title === undefined || detail === undefined) return [];
				return [{id, title, detail: missing === undefined ? detail : `lacks ${missing}`, enabled: missing === undefined}];
			}),
		},
	};
}
