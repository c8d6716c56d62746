import type {KeyObject} from 'node:crypto';
import {MalformedError} from '../bytes.ts';
import {type Finding, refusal} from '../findings.ts';
import {type Certificate, parseCertificate} from '../x509/certificate.ts';
import {verifyChain} from '../x509/chain.ts';
import {commonNameOf} from '../x509/common-name.ts';
import {certificatesInPem} from '../x509/pem.ts';
import {publicKeyFrom} from '../x509/signature.ts';
import {chainLimits, intelChainRules, type TdxContext} from './context.ts';
import {isPlatformCertificate, type PlatformFacts, parsePlatformFacts} from './pck-extension.ts';

/** The certificate of a platform's provisioning certification key, and what it says of the platform. */
export type PckLeaf = {
	certificate: Certificate;
	others: readonly Uint8Array[];
	platform: PlatformFacts;
	ca: 'processor' | 'platform';
};

const leafName = 'Intel SGX PCK Certificate';
const issuers: Readonly<Record<string, PckLeaf['ca']>> = {
	'Intel SGX PCK Processor CA': 'processor',
	'Intel SGX PCK Platform CA': 'platform',
};

/** The one certificate of a platform in a PEM chain, wherever it stands there. Throws MalformedError; nothing is checked yet. */
export function readPck(chain: Uint8Array): PckLeaf {
	const all = certificatesInPem(chain, chainLimits);
	const parsed = all.map(der => parseCertificate(der));
	const [certificate, ...more] = parsed.filter(isPlatformCertificate);
	if (!certificate || more.length > 0) throw new MalformedError('there is not exactly one certificate of a platform');
	const ca = issuers[commonNameOf(certificate.issuer) ?? ''];
	if (commonNameOf(certificate.subject) !== leafName || ca === undefined)
		throw new MalformedError('the certificate of the platform has not the names that Intel gives');
	const others = all.filter(der => der !== certificate.raw);
	return {certificate, others, platform: parsePlatformFacts(certificate), ca};
}

/** Whether Intel certified the platform whose key signed for the quoting enclave. */
export function judgePck(
	chain: Uint8Array,
	context: TdxContext,
): {findings: Finding[]; key?: KeyObject | undefined; platform?: PlatformFacts} {
	try {
		const {certificate, others, platform} = readPck(chain);
		const findings = verifyChain({
			leaf: certificate.raw,
			intermediates: others,
			roots: [context.rules.intelRootKey],
			at: context.now,
			revocationLists: context.collateral.revocationLists ?? [],
			rules: intelChainRules('the platform', context),
		});
		return {findings, key: publicKeyFrom(certificate.publicKey), platform};
	} catch (error) {
		if (!(error instanceof MalformedError)) throw error;
		return {findings: [refusal('tdx-pck-malformed', `The platform’s certificates cannot be used: ${error.message}.`)]};
	}
}
