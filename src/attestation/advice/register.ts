import {localRegisters, tdxBank} from '../registers.ts';
import type {Advice, AdviceOf, RefusalContext} from './advice.ts';

/** What a register measures tells why it may differ. */
export const registerAdvice: AdviceOf = (context, register, expected) => {
	const {node, imageVersion} = context;
	if (expected?.length === tdxBank.size * 2) return tdxRegisterAdvice(context, register);
	const image = imageVersion === undefined ? 'its image' : `the image ${imageVersion}`;
	const check = imageVersion === undefined ? 'constellation image check' : `constellation image check ${imageVersion}`;
	const another = `Run ${check}. If it reports a difference, remove and make the image again, then replace ${node}.`;
	switch (register) {
		case localRegisters.launcher:
			return {likely: `The launcher in ${image} is not the one that was signed.`, step: another};
		case localRegisters.bundle:
			return {likely: `The node program in ${image} was changed, or ${node} runs another image version.`, step: another};
		case localRegisters.runtime:
			return {likely: `The runtime in ${image} was changed, or ${node} runs another image version.`, step: another};
		case localRegisters.commandLine:
			return {
				likely: `${node} was started with other options or for another cluster's keys.`,
				step: `Replace ${node}; do not change the policy.`,
			};
		case localRegisters.cluster:
			return otherCluster(context);
		default:
			return {
				likely: `The firmware or boot configuration of ${node} differs from what the policy was made for.`,
				step: `Compare the register with a machine you trust before you change the policy; else replace ${node}.`,
			};
	}
};

/** Only trust domains have registers of 48 bytes. */
function tdxRegisterAdvice(context: RefusalContext, register: number | undefined): Advice {
	const {node, imageVersion} = context;
	switch (register) {
		case tdxBank.firmwareRegister:
			return {
				likely: `The virtual firmware of ${node} is not the one that the policy was made for.`,
				step: `Compare it with the provider’s before you change the policy; else replace ${node}.`,
			};
		case tdxBank.clusterRegister:
			return otherCluster(context);
		default:
			return {
				likely: `${node} did not boot ${imageVersion === undefined ? 'its image' : `the image ${imageVersion}`} as it was released.`,
				step: `Replace ${node} with one of the image that the policy names.`,
			};
	}
}

function otherCluster({node, member = false}: RefusalContext): Advice {
	if (member) {
		return {
			likely: `The cluster ID is not that of this cluster, or ${node} is in another one or in none.`,
			step: 'Compare the cluster ID with constellation-id.json; trust nothing at that address before it fits.',
		};
	}
	return {
		likely: `${node} was already part of a cluster since it was started, or belongs to another one.`,
		step: `Restart or replace ${node}, so that it asks again from a fresh start.`,
	};
}
