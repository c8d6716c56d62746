import type {Collateral, CollateralNeed} from './attested.ts';
import {MalformedError} from './bytes.ts';
import type {Policy} from './policy.ts';
import {tdxNeeds} from './tdx/needs.ts';
import {nitroNeeds} from './variants/aws/nitro/validate.ts';
import {awsSnpNeeds} from './variants/aws/sev-snp/validate.ts';
import {azureSnpNeeds} from './variants/azure/sev-snp/needs.ts';
import {readAzureTdxInstance} from './variants/azure/tdx/document.ts';
import {trustedLaunchNeeds} from './variants/azure/trusted-launch/validate.ts';
import {gcpMachineNeeds} from './variants/gcp/machine.ts';
import {gcpSnpNeeds} from './variants/gcp/sev-snp/validate.ts';
import {parseTdxDocument} from './variants/tdx/document.ts';
import {parseTpmDocument} from './variants/tpm-document/document.ts';

/**
 * What a verifier has to bring along to judge this document under this policy, beyond what it has. The document is not checked yet:
 * of what it says only vendors' addresses and names of the vendors' forms are used. One answer can bring up the next question (an
 * issuer names its own), so ask again until nothing is left. A document that cannot be read needs nothing; its validator refuses it.
 */
export function collateralNeeds(policy: Policy, document: Uint8Array, have: Collateral = {}): CollateralNeed[] {
	try {
		return needsOf(policy, document, have);
	} catch (error) {
		if (error instanceof MalformedError) return [];
		throw error;
	}
}

function needsOf(policy: Policy, document: Uint8Array, have: Collateral): CollateralNeed[] {
	switch (policy.variant) {
		case 'aws-nitro-tpm':
			return nitroNeeds(policy, document, have);
		case 'gcp-sev-es':
			return gcpMachineNeeds(policy, parseTpmDocument(document), have);
		case 'azure-sev-snp':
			return azureSnpNeeds(policy, document, have);
		case 'aws-sev-snp':
			return awsSnpNeeds(policy, document, have);
		case 'gcp-sev-snp':
			return gcpSnpNeeds(policy, document, have);
		case 'azure-trustedlaunch':
			return trustedLaunchNeeds(policy, document, have);
		case 'qemu-tdx':
			return tdxNeeds(parseTdxDocument(document).quote, have);
		case 'azure-tdx':
			return tdxNeeds(readAzureTdxInstance(parseTpmDocument(document)).quote, have);
		default:
			// The evidence is complete as it is.
			return [];
	}
}
