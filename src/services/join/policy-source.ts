import {readFile} from 'node:fs/promises';
import type {Kube, KubeObject} from '../../kubernetes/kube.ts';
import {inNamespace, resources} from '../../kubernetes/resources.ts';
import {missing} from '../missing.ts';
import {replaceFile} from '../replace-file.ts';
import {follow} from './follow.ts';
import {type JoinPolicies, type PinnedKeys, PolicyRejected, readJoinConfig} from './policies.ts';

/** The policies in force; undefined until a valid one was seen. */
export type PolicySource = {
	current: () => JoinPolicies | undefined;
	/** Why the policies that the cluster holds now are not the ones in force. */
	refused: () => string | undefined;
	/** Resolves when either of these changes. */
	changed: () => Promise<void>;
	stop: () => Promise<void>;
};

export type PolicySourceDeps = {
	kube: Kube;
	pinned: PinnedKeys;
	/** File that remembers the highest generation across restarts. */
	generationFile: string;
	log: (line: string) => void;
};

/**
 * Follows the ConfigMap `join-config`. A change is taken over only with valid signatures and a generation that is not lower than
 * any seen before, also before a restart; otherwise the policies in force stay.
 */
export const followPolicies = async ({kube, pinned, generationFile, log}: PolicySourceDeps): Promise<PolicySource> => {
	const stopping = new AbortController();
	const highest = await generationStore(generationFile);
	let current: JoinPolicies | undefined;
	let refused: string | undefined;
	let last: Promise<void> = Promise.resolve();
	let change = Promise.withResolvers<undefined>();
	const changed = (): void => {
		change.resolve(undefined);
		change = Promise.withResolvers<undefined>();
	};
	const take = async (object: KubeObject): Promise<void> => {
		try {
			const next = readJoinConfig(object, pinned);
			checkGeneration(next, highest.value());
			await highest.raise(next);
			current = next;
			refused = undefined;
			changed();
			log(`join policy of generation ${next.generation} is in force, with ${next.policies.length} accepted images`);
		} catch (error) {
			refused = error instanceof Error ? error.message : String(error);
			log(`join policy not taken over: ${refused}`);
			changed();
		}
	};
	const offer = (object: KubeObject): void => {
		// One after the other, so that an older object can never overtake a newer one.
		last = last.then(() => take(object));
	};
	const working = follow(kube, {
		resource: inNamespace(resources.configMaps, 'kube-system'),
		fieldSelector: 'metadata.name=join-config',
		onList: items => {
			for (const item of items) offer(item);
		},
		onEvent: ({type, object}) => {
			if (type === 'ADDED' || type === 'MODIFIED') offer(object);
		},
		onFailure: error => {
			log(`join policy: ${error instanceof Error ? error.message : String(error)}`);
		},
		signal: stopping.signal,
	});
	return {
		current: () => current,
		refused: () => refused,
		changed: () => change.promise,
		stop: async () => {
			stopping.abort();
			await working;
			await last;
		},
	};
};

type Highest = {generation: number; digest: string};

const checkGeneration = ({generation, digest}: JoinPolicies, highest: Highest | undefined): void => {
	if (!highest) return;
	if (generation < highest.generation) {
		throw new PolicyRejected(`its generation ${generation} is lower than ${highest.generation}, which was in force`);
	}
	if (generation === highest.generation && digest !== highest.digest) {
		throw new PolicyRejected(`it differs from the policy of the same generation ${generation}, which was in force`);
	}
};

const storedForm = /^(\d{1,15}) ([0-9a-f]{64})$/;

const generationStore = async (
	file: string,
): Promise<{value: () => Highest | undefined; raise: (next: Highest) => Promise<void>}> => {
	const text = await readFile(file, 'utf8').catch(missing);
	const [, generation, digest] = storedForm.exec(text ?? '') ?? [];
	if (text !== undefined && digest === undefined) throw new Error('the file with the policy generation is broken');
	let value: Highest | undefined = digest === undefined ? undefined : {generation: Number(generation), digest};
	return {
		value: () => value,
		raise: async next => {
			if (value && next.generation <= value.generation) return;
			await replaceFile(file, `${next.generation} ${next.digest}`);
			value = next;
		},
	};
};
