import type {VariantName} from '../../src/attestation/attested.ts';
import {signBlob} from '../../src/attestation/blob-signature.ts';
import {type ProviderName, shapeOf} from '../../src/attestation/measurements-file.ts';
import {measurementsPath, onMirror, type ReleasePath, signaturePath} from '../../src/trust/measurements/release-path.ts';
import {answerBytes, leafOf, type newSigner, type TestLog} from './forge-log.ts';
import type {TestServer} from './https-server.ts';

/** Every variant and who runs its machines. */
export const allVariants: readonly (readonly [ProviderName, VariantName])[] = [
	['AWS', 'aws-nitro-tpm'],
	['AWS', 'aws-sev-snp'],
	['Azure', 'azure-sev-snp'],
	['Azure', 'azure-trustedlaunch'],
	['Azure', 'azure-tdx'],
	['GCP', 'gcp-sev-es'],
	['GCP', 'gcp-sev-snp'],
	['OpenStack', 'qemu-vtpm'],
	['QEMU', 'qemu-vtpm'],
	['QEMU', 'qemu-tdx'],
	['Local', 'local-vtpm'],
];

type Entry = {csp: string; attestationVariant: string; measurements: Record<string, {expected: string; warnOnly: boolean}>};
export type FileJson = ReleasePath & {list: Entry[]; arguments?: string[]};

/** Values of an entry: every register has the digit's bytes; registers 4 and 15 (of TDX: 0 and 3) are enforced. */
export function entryJson(csp: ProviderName, variant: VariantName, digit: string): Entry {
	const value = digit.repeat(shapeOf(variant).size * 2);
	const [enforced, cluster] = variant === 'qemu-tdx' ? [0, 3] : [4, 15];
	return {
		csp,
		attestationVariant: variant,
		measurements: {
			[enforced]: {expected: value, warnOnly: false},
			[enforced + 1]: {expected: value, warnOnly: true},
			[cluster]: {expected: '0'.repeat(value.length), warnOnly: false},
		},
	};
}

/** A measurements file for every variant. */
export function fileJson(version = 'v2.9.1', digit = 'a', variants = allVariants): FileJson {
	const list = variants.map(([csp, variant]) => entryJson(csp, variant, digit));
	return {version, ref: '-', stream: 'stable', list, arguments: []};
}

export type TestSigner = ReturnType<typeof newSigner>;

/** Puts a signed file on a server. */
export function publish(server: TestServer, image: ReleasePath, json: unknown, signer: TestSigner) {
	const content = Buffer.from(JSON.stringify(json));
	const signature = signBlob(content, signer.privateKey);
	const path = new URL(onMirror(server.url, measurementsPath(image))).pathname;
	server.site.set(path, content);
	server.site.set(signaturePath(path), signature);
	return {content, signature, path};
}

/** Lets a server answer as the log: one entry for a signed file. */
export function publishInLog(
	server: TestServer,
	log: TestLog,
	file: {content: Uint8Array; signature: Uint8Array},
	signer: TestSigner,
) {
	const answer = log.answer(log.partsOf(leafOf({...file, publicKey: signer.pem})));
	server.site.set('/api/v1/index/retrieve', JSON.stringify([answer.uuid]));
	server.site.set(`/api/v1/log/entries/${answer.uuid}`, answerBytes(answer));
	return answerBytes(answer);
}
