import {localRegisters} from '../registers.ts';
import type {AdviceOf} from './advice.ts';

/** What a register measures tells why it may differ. */
export const registerAdvice: AdviceOf = ({node, imageVersion}, register) => {
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
			return {
				likely: `${node} was already part of a cluster since it was started, or belongs to another one.`,
				step: `Restart or replace ${node}, so that it asks again from a fresh start.`,
			};
		default:
			return {
				likely: `The firmware or boot configuration of ${node} differs from what the policy was made for.`,
				step: `Compare the register with a machine you trust before you change the policy; else replace ${node}.`,
			};
	}
};
