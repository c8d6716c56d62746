import type {Collateral, CollateralNeed} from '../../attested.ts';
import {type Finding, refusal, warning} from '../../findings.ts';
import type {PolicyFields} from '../../policy-fields.ts';
import {switchField, textListField} from '../../policy-values.ts';
import type {AwsInstance} from './instance.ts';

/** What a policy asks of a machine on AWS. All of it is checked against the machine's own word. */
export type AwsMachinePolicy = {
	/** Account numbers and machine images that nodes may name; absent: any. */
	accounts?: readonly string[];
	machineImages?: readonly string[];
	/** The administrator agreed that nobody asks EC2 whether the image has a TPM. It stays visible as a warning. */
	acceptUnknownMachineImages: boolean;
};

export const awsMachineKeys = ['accounts', 'machineImages', 'acceptUnknownMachineImages'] as const;

export function parseAwsMachinePolicy(fields: PolicyFields): AwsMachinePolicy {
	const accounts = textListField(fields, 'accounts', /^\d{12}$/, 'account number of twelve digits');
	const machineImages = textListField(fields, 'machineImages', /^ami-[0-9a-f]{8,17}$/, 'machine image (ami-…)');
	return {
		...(accounts ? {accounts} : {}),
		...(machineImages ? {machineImages} : {}),
		acceptUnknownMachineImages: switchField(fields, 'acceptUnknownMachineImages'),
	};
}

export function formatAwsMachinePolicy(policy: AwsMachinePolicy): Record<string, unknown> {
	return {
		...(policy.accounts ? {accounts: policy.accounts} : {}),
		...(policy.machineImages ? {machineImages: policy.machineImages} : {}),
		...(policy.acceptUnknownMachineImages ? {acceptUnknownMachineImages: true} : {}),
	};
}

export function judgeAwsMachine(instance: AwsInstance, policy: AwsMachinePolicy, collateral: Collateral): Finding[] {
	const {accountId, imageId} = instance;
	const findings: Finding[] = [];
	const notListed = (list: readonly string[] | undefined, actual: string, message: string): void => {
		if (list && !list.includes(actual))
			findings.push(refusal('instance-not-allowed', message, {expected: list.join(', '), actual}));
	};
	notListed(policy.accounts, accountId, 'The machine belongs to an account that the policy does not list.');
	notListed(policy.machineImages, imageId, 'The machine runs a machine image that the policy does not list.');
	return [...findings, ...judgeImage(instance, policy, collateral)];
}

function judgeImage({region, imageId}: AwsInstance, policy: AwsMachinePolicy, {machineImages}: Collateral): Finding[] {
	const image = machineImages?.get(`${region}/${imageId}`);
	if (image?.tpmSupport === 'v2.0') return [];
	if (image) return [refusal('machine-image-without-tpm', 'The machine image was not registered with a TPM 2.0.')];
	const make = policy.acceptUnknownMachineImages ? warning : refusal;
	return [make('machine-image-unknown', 'Nobody could tell whether the machine image has a TPM 2.0.')];
}

/** The image that EC2 (DescribeImages) is to be asked about. */
export function awsMachineNeeds({region, imageId}: AwsInstance, policy: AwsMachinePolicy, have: Collateral): CollateralNeed[] {
	const isKnown = have.machineImages?.has(`${region}/${imageId}`) ?? false;
	return isKnown || policy.acceptUnknownMachineImages ? [] : [{kind: 'machine-image', region, image: imageId}];
}
