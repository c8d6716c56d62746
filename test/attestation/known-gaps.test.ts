import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';

type Mutation = {name: string; file: string; find: string; replace: string; tests: string[]};

const mutations = JSON.parse(readFileSync('scripts/mutations.json', 'utf8')) as Mutation[];

test('every check that `npm run mutate` switches off is still where its entry says', t => {
	t.is(new Set(mutations.map(({name}) => name)).size, mutations.length, 'names are used once');
	for (const {name, file, find, replace, tests} of mutations) {
		t.is(readFileSync(file, 'utf8').split(find).length, 2, `${name}: ${file} has the text exactly once`);
		t.not(find, replace, name);
		t.true(tests.length > 0 && tests.every(each => existsSync(each)), name);
	}
});

/** What verifiers of v2.9 leave open, and who forges or swaps what. Each check that closes it can be switched off by its name. */
const closed: Readonly<Record<string, readonly string[]>> = {
	'the bank that is verified is not the one that is compared': ['qemu-one-bank', 'quote-one-bank', 'quote-bank-selection'],
	'registers of other lengths have the same digest': [
		'register-length',
		'register-count',
		'tpm-document-register-names',
		'quote-all-registers',
	],
	'what a machine says of itself counts as it stands': [
		'gcp-project',
		'gcp-project-of-config',
		'gcp-certified-instance',
		'aws-account',
		'gcp-names',
		'aws-names',
	],
	'the certificate is for another key than the document’s': [
		'qemu-key-certificate',
		'key-certificate-key',
		'ak-chain-key',
		'gcp-shielded-key',
	],
	'keys that may leave the TPM or sign anything': [
		'key-restricted',
		'key-sign',
		'key-fixedTPM',
		'key-sensitiveDataOrigin',
		'key-decrypt',
		'key-template',
	],
	'nothing says that a genuine TPM made it': [
		'qemu-unknown-keys',
		'key-enrolled',
		'verify-unproven-words',
		'verify-unknown-key-consent',
	],
	'short and missing input crashes': ['document-unreadable', 'aws-unknown-image', 'gcp-key-unknown', 'azure-runtime-key'],
	'reports of Azure: dates, revocation, chip, privilege level, launch, patch levels': [
		'chain-expired',
		'chain-revoked',
		'snp-chip',
		'snp-vmpl',
		'snp-measurement',
		'snp-extensions',
		'snp-tcb-minimum',
		'snp-tcb-launch',
		'snp-tcb-current',
		'snp-tcb-committed',
	],
	'a token of the attestation service stands on its own': ['maa-nonce', 'maa-report', 'maa-issuer', 'maa-signature'],
	'a policy without an enforced value': [
		'policy-empty',
		'policy-register-15',
		'policy-weakness',
		'tpm-document-weak-policy',
		'qemu-tdx-weaknesses',
	],
	'an empty or short challenge': [
		'nonce-refused',
		'nonce-size',
		'atls-nonce-required',
		'statement-nonce-length',
		'tpm-document-nonce-length',
		'qemu-tdx-nonce',
	],
	'the key of the log is not pinned, one hit is looked at, its content is not compared': [
		'checkpoint-signature',
		'log-promise',
		'log-all-hits',
		'log-file-hash',
		'log-signature',
		'log-signer',
		'log-inclusion',
		'measurements-default-log',
	],
	'a wrong clock or a held back list lowers the firmware versions': [
		'azure-versions-future',
		'azure-versions-frozen',
		'azure-versions-back',
		'azure-versions-signature',
	],
	'another or no variant is let through': ['leaf-variant', 'atls-variant', 'attestation-section-single'],
	'a NitroTPM passes for SEV-SNP': ['aws-snp-unchecked', 'snp-binding', 'snp-binding-challenge'],
	'the pinned root for trusted launch has ended': ['chain-root-expired', 'azure-chain', 'azure-accept-unknown'],
	'the mirror swaps a file, shows another version or another variant, or skips the log': [
		'measurements-signature',
		'measurements-image',
		'measurements-own-key',
		'measurements-policy-log',
		'mirror-signature',
		'mirror-version',
		'consent-enforcement',
	],
};

for (const [gap, checks] of Object.entries(closed)) {
	test(`closed: ${gap}`, t => {
		for (const check of checks)
			t.true(
				mutations.some(({name}) => name === check),
				`nothing switches off ${check}`,
			);
	});
}
