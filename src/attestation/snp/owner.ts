import {sameBytes, toHex} from '../bytes.ts';
import {type Finding, refusal, warning} from '../findings.ts';
import type {Endorsement} from './endorsement.ts';
import {productOfModel} from './product.ts';
import type {SnpReport} from './report.ts';
import type {SnpRules} from './rules.ts';

/** Judges who signed: the kind of key that the policy wants, of this very chip or of the right provider, of the right generation. */
export function judgeOwner(report: SnpReport, endorsement: Endorsement | undefined, rules: SnpRules): Finding[] {
	const findings: Finding[] = [];
	const {signer} = report;
	if ((signer !== 'vcek' && signer !== 'vlek') || (rules.signer !== 'any' && rules.signer !== signer)) {
		const values = {expected: rules.signer === 'any' ? 'vcek or vlek' : rules.signer, actual: signer};
		findings.push(refusal('snp-signer', `The report is signed by ${signers[signer]}, which the policy does not accept.`, values));
	}
	if (endorsement) findings.push(...judgeKind(report, endorsement, rules), ...judgeProduct(report, endorsement, rules));
	return findings;
}

const signers: Readonly<Record<SnpReport['signer'], string>> = {
	vcek: 'the key of the chip (VCEK)',
	vlek: 'a key that the cloud provider loaded (VLEK)',
	none: 'nobody',
	unknown: 'a kind of key that is not known here',
};

function judgeKind({signer, chipId}: SnpReport, endorsement: Endorsement, rules: SnpRules): Finding[] {
	if (signer === 'vcek') {
		if (endorsement.chipId && sameBytes(endorsement.chipId, chipId)) return [];
		const values = {expected: endorsement.chipId ? toHex(endorsement.chipId) : 'a chip identifier', actual: toHex(chipId)};
		return [refusal('snp-certificate-chip', 'The certificate belongs to another chip than the report names.', values)];
	}
	if (signer !== 'vlek') return [];
	const actual = endorsement.provider ?? 'none';
	if (endorsement.provider === undefined || endorsement.chipId) {
		return [refusal('snp-certificate-provider', 'The report names a key of a provider, the certificate does not.', {actual})];
	}
	if (rules.provider === undefined) {
		const sentence = 'The cloud provider behind the key was not compared: the policy names none.';
		return [warning('snp-provider-unchecked', sentence, {actual})];
	}
	if (rules.provider === endorsement.provider) return [];
	const values = {expected: rules.provider, actual};
	return [refusal('snp-certificate-provider', 'The key belongs to another cloud provider than the policy names.', values)];
}

function judgeProduct({cpu}: SnpReport, {product, productName}: Endorsement, rules: SnpRules): Finding[] {
	if (!product) {
		const sentence = 'The certificate is for a processor generation that is not known here.';
		return [refusal('snp-product-unknown', sentence, {actual: productName})];
	}
	if (!cpu) return [];
	const reported = productOfModel(cpu);
	if (!reported) {
		const actual = `family ${cpu.family}, model ${cpu.model}`;
		const message = `The report names a processor that is not known here: ${actual}.`;
		return [{code: 'snp-product-unknown', severity: rules.unknown, message, actual}];
	}
	if (reported === product) return [];
	const values = {expected: product, actual: reported};
	return [
		refusal('snp-certificate-product', 'The certificate is for another processor generation than the report names.', values),
	];
}
