import {type AdviceOf, type AdviceTable, altered, stranger} from './advice.ts';

const askAgain: AdviceOf = ({node}) => ({
	likely: `Nobody asked the cloud about ${node}, or its answer could not be read.`,
	step: 'Log in to the cloud and run the command again, or list the key under attestationKeys in the attestation section.',
});

const otherMachine: AdviceOf = ({node}) => ({
	likely: `${node} is a machine of another kind than this cluster was made for.`,
	step: `Compare the machine type and the settings of ${node} in the cloud with the configuration; then replace it.`,
});

/** What AWS and Google say of a machine, and what the machine's firmware says of itself. */
export const cloudAdvice = {
	'instance-not-allowed': ({node}) => ({
		likely: `${node} is not one of your machines, or was made from another machine image.`,
		step: 'Compare its account, project and image in the cloud; change the policy only if they are yours.',
	}),
	'instance-mismatch': stranger,
	'shielded-key-mismatch': stranger,
	'shielded-key-malformed': askAgain,
	'shielded-key-missing': askAgain,
	'machine-image-without-tpm': otherMachine,
	'machine-image-unknown': askAgain,
	'confidential-technology': otherMachine,
	'confidential-technology-unknown': () => ({
		likely: 'The cloud has a technology that is newer than this tool.',
		step: 'Look for a newer version of this tool; do not change the policy before you know what it is.',
	}),
	'firmware-version': otherMachine,
	'firmware-facts-missing': otherMachine,
	'firmware-facts-malformed': altered,
} as const satisfies AdviceTable;
