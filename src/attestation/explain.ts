import type {RefusalView} from '../events.ts';
import type {Finding, FindingCode} from './findings.ts';
import {localRegisters} from './local/measured-boot.ts';

export type RefusalContext = {node: string; imageVersion?: string};

/** The most telling finding first: who signed, then what for, then what was measured. */
const order: readonly FindingCode[] = [
	'policy-empty',
	'policy-register-missing',
	'document-malformed',
	'endorsement-missing',
	'endorsement-untrusted',
	'endorsement-malformed',
	'key-malformed',
	'key-attributes',
	'key-template',
	'key-certificate-missing',
	'key-certificate-malformed',
	'key-certificate-mismatch',
	'key-certificate-untrusted',
	'key-certificate-expired',
	'signature-malformed',
	'signature-scheme',
	'signature-invalid',
	'quote-magic',
	'quote-type',
	'quote-bank',
	'quote-malformed',
	'quote-selection',
	'registers-malformed',
	'quote-digest',
	'nonce-length',
	'user-data-mismatch',
	'quote-challenge',
	'not-initialised',
	'register-mismatch',
	'event-log-malformed',
	'event-log-mismatch',
];

/** One sentence, the likely cause and the smallest safe step for evidence that was refused. Never names peer-chosen text but the node. */
export function explain(findings: readonly Finding[], context: RefusalContext): RefusalView {
	const refusing = findings.filter(finding => finding.severity === 'refuse');
	const rank = (finding: Finding): number => order.indexOf(finding.code);
	const [main] = (refusing.length > 0 ? refusing : findings).toSorted((left, right) => rank(left) - rank(right));
	if (!main) {
		return {
			code: 'unknown',
			sentence: `${context.node} was refused without a reason.`,
			likely: 'The service that refused it gave no finding.',
			step: 'Look at the log of the JoinService.',
		};
	}
	const others = refusing.length - 1;
	const more = others > 0 ? ` ${others} more ${others === 1 ? 'check' : 'checks'} failed.` : '';
	return {
		code: main.code,
		sentence: `${context.node} was refused: ${uncapitalised(main.message)}${more}`,
		...(main.register === undefined ? {} : {register: main.register}),
		...(main.expected === undefined ? {} : {expected: main.expected}),
		...(main.actual === undefined ? {} : {actual: main.actual}),
		...(main.code === 'register-mismatch' ? aboutRegister(main.register, context) : aboutCode(main.code, context)),
	};
}

type Advice = {likely: string; step: string};

function aboutRegister(register: number | undefined, {node, imageVersion}: RefusalContext): Advice {
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
}

function aboutCode(code: FindingCode, {node}: RefusalContext): Advice {
	switch (code) {
		case 'policy-empty':
		case 'policy-register-missing':
			return {
				likely: 'The attestation section of the configuration was shortened.',
				step: 'Restore the measurements in the configuration and run the command again.',
			};
		case 'key-certificate-untrusted':
		case 'key-certificate-missing':
		case 'key-certificate-mismatch':
		case 'key-certificate-malformed':
			return {
				likely: `Something that is not a machine of this cluster answers as ${node}.`,
				step: `Find out what answers at that address; do not send it anything. Then replace ${node}.`,
			};
		case 'key-certificate-expired':
			return {likely: 'The clock of this machine or of the node is wrong.', step: 'Set the clocks and try again.'};
		case 'quote-challenge':
		case 'user-data-mismatch':
		case 'nonce-length':
			return {
				likely: 'An old answer was replayed, or somebody relays the connection.',
				step: 'Try once more; if it happens again, look for a proxy between you and the node.',
			};
		case 'not-initialised':
			return {
				likely: `${node} restarted and has not rejoined its cluster.`,
				step: `Wait until ${node} has rejoined, or recover it.`,
			};
		case 'endorsement-missing':
		case 'endorsement-untrusted':
		case 'endorsement-malformed':
			return {
				likely: 'The service runs an image that was signed by somebody else, or none that was signed.',
				step: 'Check the images with constellation image check; replace the node that runs the service.',
			};
		default:
			return {
				likely: `${node} or something on the way altered its evidence.`,
				step: `Replace ${node}; if it happens again, treat that machine as compromised.`,
			};
	}
}

function uncapitalised(sentence: string): string {
	return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
