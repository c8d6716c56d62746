import {decodeCbor, encodeCbor} from '../../src/attestation/cbor.ts';
import {collateralNeeds} from '../../src/attestation/collateral-needs.ts';
import {assertAccepted} from '../../src/attestation/findings.ts';
import {parseMeasurements} from '../../src/attestation/measurements.ts';
import {parsePolicy} from '../../src/attestation/policy.ts';
import {formatImageStatement, parseImageStatement} from '../../src/attestation/signed-measurements.ts';
import {parseStrictJson} from '../../src/attestation/strict-json.ts';
import {parseEventLog} from '../../src/attestation/tpm/event-log.ts';
import {parsePublicArea, publicKeyOf} from '../../src/attestation/tpm/public-area.ts';
import {parseQuoteInfo, parseSignature} from '../../src/attestation/tpm/structures.ts';
import {formatPolicy, validatorOf} from '../../src/attestation/variant.ts';
import {firmwareFacts} from '../../src/attestation/variants/gcp/firmware.ts';
import {decodeEvidence} from '../../src/attestation/variants/local/evidence.ts';
import {parseCertificate} from '../../src/attestation/x509/certificate.ts';
import {verifyChain} from '../../src/attestation/x509/chain.ts';
import {issuerUrls, revocationListUrls} from '../../src/attestation/x509/locations.ts';
import {parseRevocationList} from '../../src/attestation/x509/revocation-list.ts';
import {forge, forgeQuote, maker, nonce, userData} from './forge.ts';
import {at, forgeCertificate, forgeRevocationList} from './forge-chain.ts';
import {forgeDocument, gceEvents, writeEventLog} from './forge-document.ts';
import type {FuzzTarget} from './fuzz.ts';
import {snpFuzzTargets} from './fuzz-snp.ts';
import {tdxFuzzTargets} from './fuzz-tdx.ts';
import {cloudChain, type TpmVariantName, worlds} from './tpm-worlds.ts';

const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const quotes = [forgeQuote(), forgeQuote({key: 'ecc'})];
const chain = cloudChain();
const certificates = [
	chain.root,
	chain.middle,
	chain.leaf,
	forgeCertificate({name: 'p384', kind: 'p384'}),
	forgeCertificate({name: 'pss', issuer: chain.root, algorithm: 'rsa-pss-sha384'}),
].map(({der}) => der);
const lists = [...chain.lists, forgeRevocationList({issuer: chain.middle, revoked: [chain.leaf]})];
const localEvidence = [await forge(), await forge({key: 'ecc'})];
const names = Object.keys(worlds) as TpmVariantName[];

/** Whole evidence, as a peer sends it: everything behind the first check is reached, too. */
const documents = names.map((variant): FuzzTarget => {
	const world = worlds[variant]();
	const validator = validatorOf(world.policy, {now: () => world.at, collateral: world.collateral});
	return {
		name: `${variant} evidence`,
		seeds: () => [forgeDocument(world.knobs), forgeDocument({...world.knobs, key: 'ecc'})],
		run(bytes) {
			collateralNeeds(world.policy, bytes);
			return validator.validate(bytes, nonce, userData);
		},
	};
});

const local = validatorOf({
	variant: 'local-vtpm',
	measurements: new Map(),
	makerKey: maker.publicKey,
	releaseKey: maker.publicKey,
});

/** Everything that reads what a peer, a mirror or a bundle wrote. */
export const fuzzTargets: readonly FuzzTarget[] = [
	{
		name: 'JSON',
		seeds: () => [json({a: [1, -2, true, null, 'é\n'], b: {c: {}}, d: 'AAAA'}), forgeDocument()],
		run: bytes => parseStrictJson(bytes, {bytes: 65_536, depth: 8}),
	},
	{
		name: 'CBOR',
		seeds: () => [
			encodeCbor({v: 1, bytes: Buffer.alloc(300, 7), list: [{a: 0}, {b: 70_000}], text: 'é', yes: true}),
			...localEvidence,
		],
		run: bytes => decodeCbor(bytes, {bytes: 65_536, depth: 5, items: 2048}),
	},
	{
		name: 'TPMT_PUBLIC',
		seeds: () => quotes.map(({akPublic}) => akPublic),
		run: bytes => publicKeyOf(parsePublicArea(bytes)),
	},
	{name: 'TPMS_ATTEST', seeds: () => quotes.map(({attest}) => attest), run: parseQuoteInfo},
	{name: 'TPMT_SIGNATURE', seeds: () => quotes.map(({signature}) => signature), run: parseSignature},
	{
		name: 'event log',
		seeds: () => [writeEventLog(gceEvents())],
		run: bytes => [parseEventLog(bytes), firmwareFacts(bytes)],
	},
	{
		name: 'certificate',
		seeds: () => certificates,
		run(bytes) {
			const certificate = parseCertificate(bytes);
			return [issuerUrls(certificate), revocationListUrls(certificate)];
		},
	},
	{name: 'revocation list', seeds: () => lists, run: parseRevocationList},
	{
		name: 'chain',
		seeds: () => certificates,
		run: bytes =>
			assertAccepted(
				verifyChain({
					leaf: chain.leaf.der,
					intermediates: [bytes, chain.middle.der],
					roots: [chain.root.der],
					at,
					revocationLists: chain.lists,
					rules: {
						subject: 'the key',
						signatures: ['rsa-sha256'],
						curves: [],
						minimumRsaBits: 2048,
						maximumLength: 4,
						revocation: 'warn',
					},
				}),
			),
	},
	{
		name: 'policy',
		seeds: () => names.map(variant => json({variant, policy: formatPolicy(worlds[variant]().policy)})),
		run(bytes) {
			const value = parseStrictJson(bytes, {bytes: 65_536, depth: 8}) as {variant?: unknown; policy?: unknown} | null;
			return parsePolicy(String(value?.variant), value?.policy);
		},
	},
	{
		name: 'measurements file',
		seeds: () => [
			formatImageStatement({version: 'v1.2.3', arguments: ['--x'], measurements: parseMeasurements({'4': '00'.repeat(32)})}),
		],
		run: parseImageStatement,
	},
	{name: 'local evidence', seeds: () => localEvidence, run: decodeEvidence},
	{name: 'local-vtpm evidence', seeds: () => localEvidence, run: bytes => local.validate(bytes, nonce, userData)},
	...documents,
	...tdxFuzzTargets,
	...snpFuzzTargets,
];
