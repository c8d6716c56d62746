import {abilitiesOf} from '../flows/original/abilities.ts';
import type {Original} from '../flows/original/open.ts';
import type {HomeFacts, HomeItem} from '../wizard/home.ts';
import {originalTitle} from './original-words.ts';

const titles: Readonly<Record<string, [id: HomeItem['id'], title: string]>> = {
	status: ['status', 'Status'],
	verify: ['verify', 'Verify'],
	'kubeconfig merge': ['kubeconfig merge', 'Kubeconfig'],
	recover: ['recover', 'Recover'],
	terminate: ['terminate', 'Terminate'],
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
			items: abilitiesOf(original).flatMap(({command, what, missing}): HomeItem[] => {
				const [id, title] = titles[command] ?? [];
				if (id === undefined || title === undefined) return [];
				const detail = missing === undefined ? what : `lacks ${missing}`;
				return [{id, title, detail, enabled: missing === undefined}];
			}),
		},
	};
}
