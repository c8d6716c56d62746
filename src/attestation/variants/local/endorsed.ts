import type {KeyObject} from 'node:crypto';
import {type Endorsement, type Validator, type ValidatorDeps, variantOids} from '../../attested.ts';
import {verifyBlob} from '../../blob-signature.ts';
import {sameBytes} from '../../bytes.ts';
import {AttestationRefused, type Finding, refusal} from '../../findings.ts';
import {compareRegisters, type Measurements, withMeasurement} from '../../measurements.ts';
import {localRegisters} from '../../registers.ts';
import {type ImageStatement, parseImageStatement} from '../../signed-measurements.ts';
import {measuredCommandLine, parametersOf, registerOf, sha256} from './measured-boot.ts';
import {attestedFrom, judgeLocal, keyFrom, readEvidence} from './validate.ts';

/** SHA-256 digests of the two keys, from the judging node's own measured command line. */
export type OwnRoots = {makerDigest: Uint8Array; releaseDigest: Uint8Array};

/**
 * How a node judges a service of the cluster that it is about to enter. An image cannot contain its own measurements, so the service
 * presents those of its image, signed; register 12 must name the same keys as the node's own command line. Register 15 must be set,
 * and the caller must compare it with the cluster ID of the ticket before it uses any field of the answer.
 */
export function endorsedValidator(roots: OwnRoots, deps: ValidatorDeps = {now: Date.now}): Validator {
	return {
		oid: variantOids['local-vtpm'],
		validate(document, nonce, userData) {
			const evidence = readEvidence(document);
			const {endorsement} = evidence;
			if (!endorsement)
				throw new AttestationRefused([
					refusal('endorsement-missing', 'The service presents no signed measurements of its image.'),
				]);
			const {maker, statement} = judgeEndorsement(endorsement, roots);
			const {findings, machine} = judgeLocal(evidence, {nonce, userData, maker, now: deps.now()});
			findings.push(...compareRegisters(expectedOf(statement, roots), evidence.pcrs), ...judgeInitialised(evidence.pcrs));
			return attestedFrom(evidence, document, findings, machine);
		},
	};
}

function judgeEndorsement(endorsement: Endorsement, roots: OwnRoots): {maker: KeyObject; statement: ImageStatement} {
	const findings: Finding[] = [];
	if (!sameBytes(sha256(endorsement.makerKey), roots.makerDigest)) {
		findings.push(refusal('endorsement-untrusted', 'The service names another maker key than this node was started with.'));
	}
	if (!sameBytes(sha256(endorsement.releaseKey), roots.releaseDigest)) {
		findings.push(refusal('endorsement-untrusted', 'The service names another release key than this node was started with.'));
	}
	// Nothing below may be read before the keys are known to be ours and the signature holds.
	if (findings.length === 0 && !verifyBlob(endorsement.measurements, endorsement.signature, endorsement.releaseKey)) {
		findings.push(refusal('endorsement-untrusted', 'The measurements of the service’s image are not signed by the release key.'));
	}
	if (findings.length > 0) throw new AttestationRefused(findings);
	try {
		return {maker: keyFrom(endorsement.makerKey), statement: parseImageStatement(endorsement.measurements)};
	} catch (error) {
		const reason = error instanceof Error ? error.message : 'unknown form';
		throw new AttestationRefused([refusal('endorsement-malformed', `The signed measurements cannot be used: ${reason}.`)]);
	}
}

/** Registers of the image from the signed file; register 12 from its runtime options and our own keys; register 15 is the caller's. */
function expectedOf(statement: ImageStatement, roots: OwnRoots): Measurements {
	const commandLine = measuredCommandLine(statement.arguments, parametersOf(roots.makerDigest, roots.releaseDigest));
	const all = withMeasurement(statement.measurements, localRegisters.commandLine, registerOf(sha256(commandLine)));
	return new Map([...all].filter(([register]) => register !== localRegisters.cluster));
}

function judgeInitialised(registers: readonly Uint8Array[]): Finding[] {
	if (registers[localRegisters.cluster]?.some(byte => byte !== 0)) return [];
	return [refusal('not-initialised', 'The service runs on a node that is in no cluster.')];
}
