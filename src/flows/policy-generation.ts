import {AppError, exitCodes} from '../errors.ts';
import type {Kube} from '../kubernetes/kube.ts';
import {inNamespace, resources} from '../kubernetes/resources.ts';
import type {Workspace} from '../workspace/files.ts';
import {readStamp, writeStamp} from '../workspace/stamp.ts';

/**
 * Remembers the highest generation of the join policy that this cluster had. Throws AppError `policy-older` (exit 5) when the
 * cluster shows a lower one: then somebody put an older state back, with policies that may let in what is refused by now.
 */
export async function rememberGeneration(workspace: Workspace, kube: Kube): Promise<void> {
	const config = await kube.get(inNamespace(resources.configMaps, 'kube-system'), 'join-config');
	const {acceptedPolicies} = (config['data'] ?? {}) as {acceptedPolicies?: string};
	const generation = generationIn(acceptedPolicies ?? '');
	const {policyGeneration: highest} = await readStamp(workspace);
	if (generation < highest) {
		throw new AppError(`The cluster's join policy has generation ${generation}; it had ${highest} before.`, {
			code: 'policy-older',
			exitCode: exitCodes.refused,
			next: ['Find out who restored an older state of this cluster before nodes join it.'],
			details: {generation, highest},
		});
	}
	if (generation > highest) await writeStamp(workspace, {policyGeneration: generation});
}

function generationIn(text: string): number {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === 'object' && value !== null && 'generation' in value && Number.isInteger(value.generation))
			return Number(value.generation);
	} catch {
		// No policy at all is older than any.
	}
	return 0;
}
