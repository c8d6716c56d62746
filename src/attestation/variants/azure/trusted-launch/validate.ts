import type {Collateral, CollateralNeed, Validator, ValidatorDeps} from '../../../attested.ts';
import {judgeAkChain} from '../../tpm-document/ak-chain.ts';
import {chainNeeds} from '../../tpm-document/chain-needs.ts';
import {parseTpmDocument} from '../../tpm-document/document.ts';
import {judgeEnrolment} from '../../tpm-document/enrolment.ts';
import {validateTpmDocument} from '../../tpm-document/validate.ts';
import {azureIntermediates, azureRoots} from '../roots.ts';
import {readTrustedLaunchInstance, type TrustedLaunchInstance} from './instance.ts';
import type {TrustedLaunchPolicy} from './policy.ts';

/**
 * Validation of v2.9 azure-trustedlaunch documents: a pinned root vouches for the attestation key. It says that the key is in a
 * virtual TPM of Azure, not that the machine is a confidential one. A key that the policy lists, or a policy that accepts any key,
 * needs no certificate.
 */
export function validateTrustedLaunch(policy: TrustedLaunchPolicy, {now, collateral = {}}: ValidatorDeps): Validator['validate'] {
	return validateTpmDocument({
		variant: 'azure-trustedlaunch',
		measurements: policy.measurements,
		judge({document, key, attestationKey}) {
			const instance = readTrustedLaunchInstance(document);
			if (policy.attestationKeys.includes(attestationKey)) return {findings: []};
			if (policy.acceptUnknownKeys) return {findings: judgeEnrolment(policy, attestationKey)};
			const chain = {
				certificate: instance.certificate,
				intermediates: intermediatesOf(instance, collateral),
				roots: policy.roots ?? azureRoots,
				revocationLists: collateral.revocationLists ?? [],
				requireRevocationLists: policy.requireRevocationLists,
				at: now(),
			};
			return {findings: judgeAkChain(chain, key)};
		},
	});
}

function intermediatesOf({issuer}: TrustedLaunchInstance, {certificates = []}: Collateral): Uint8Array[] {
	return [...(issuer ? [issuer] : []), ...certificates, ...azureIntermediates];
}

/** Certificates and lists that Microsoft publishes and the document leaves out. Throws MalformedError. */
export function trustedLaunchNeeds(policy: TrustedLaunchPolicy, document: Uint8Array, have: Collateral): CollateralNeed[] {
	const instance = readTrustedLaunchInstance(parseTpmDocument(document));
	return chainNeeds(instance.certificate, {
		intermediates: intermediatesOf(instance, {}),
		roots: policy.roots ?? azureRoots,
		have,
		isVendor: ({hostname, protocol}) =>
			(protocol === 'http:' || protocol === 'https:') && ['www.microsoft.com', 'crl.microsoft.com'].includes(hostname),
	});
}
