import test from 'ava';
import type {FindingCode} from '../../src/attestation/findings.ts';
import {parseCertificate} from '../../src/attestation/x509/certificate.ts';
import {type ChainInput, type ChainRules, verifyChain} from '../../src/attestation/x509/chain.ts';
import {DerError} from '../../src/attestation/x509/der-reader.ts';
import {parseRevocationList} from '../../src/attestation/x509/revocation-list.ts';
import * as der from '../../src/keys/der-writer.ts';
import {
	at,
	type CertificateKnobs,
	type Forged,
	forgeCertificate,
	forgeRevocationList,
	keysOf,
	usage,
} from '../helpers/forge-chain.ts';

const day = 86_400_000;
const rules: ChainRules = {
	subject: 'the test key',
	signatures: ['ecdsa-sha256', 'ecdsa-sha384', 'rsa-sha256', 'rsa-pss-sha384'],
	curves: ['prime256v1', 'secp384r1'],
	minimumRsaBits: 2048,
	maximumLength: 4,
	revocation: 'require',
};

type World = {root: Forged; middle: Forged; leaf: Forged; lists: Uint8Array[]};
type Knobs = {
	root?: Partial<CertificateKnobs>;
	middle?: Partial<CertificateKnobs>;
	leaf?: Partial<CertificateKnobs>;
	lists?: (world: World) => Uint8Array[];
};

function build(knobs: Knobs = {}): World {
	const root = forgeCertificate({name: 'root', pathLength: 1, ...knobs.root});
	const middle = forgeCertificate({name: 'middle', issuer: root, authority: true, pathLength: 0, ...knobs.middle});
	const leaf = forgeCertificate({name: 'leaf', issuer: middle, authority: false, ...knobs.leaf});
	const world = {root, middle, leaf, lists: [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle})]};
	return {...world, lists: knobs.lists?.(world) ?? world.lists};
}

function codesOf({root, middle, leaf, lists}: World, changes: Partial<ChainInput> = {}): FindingCode[] {
	const input = {leaf: leaf.der, intermediates: [middle.der], roots: [root.der], at, revocationLists: lists, rules};
	return verifyChain({...input, ...changes}).map(({code}) => code);
}

const flipped = (bytes: Uint8Array, position: number): Uint8Array => {
	const copy = Buffer.from(bytes);
	const index = position < 0 ? copy.length + position : position;
	copy[index] = (copy[index] ?? 0) ^ 1;
	return copy;
};
const other = forgeCertificate({name: 'other'});
const critical = {oid: '1.2.3.4', critical: true, value: der.octetString(Uint8Array.of(1))};
const withLists =
	(make: (world: World) => Uint8Array[]): NonNullable<Knobs['lists']> =>
	world =>
		make(world);

const cases: readonly (readonly [
	name: string,
	knobs: Knobs,
	codes: readonly FindingCode[],
	changes?: (world: World) => Partial<ChainInput>,
])[] = [
	['an honest chain', {}, []],
	['RSA and P-384 in one chain', {root: {kind: 'rsa-2048', name: 'rsa root'}, leaf: {kind: 'p384', name: 'leaf 384'}}, []],
	[
		'RSASSA-PSS',
		{root: {kind: 'rsa-2048', name: 'rsa root', algorithm: 'rsa-pss-sha384'}, middle: {algorithm: 'rsa-pss-sha384'}},
		[],
	],
	['an expired leaf', {leaf: {notAfter: at - 1000}}, ['chain-expired']],
	['an expired intermediate', {middle: {notAfter: at - 1000}}, ['chain-expired']],
	['an expired root', {root: {notAfter: at - 1000}}, ['chain-root-expired']],
	['a leaf of tomorrow', {leaf: {notBefore: at + 1000}}, ['chain-not-yet-valid']],
	['a root of tomorrow', {root: {notBefore: at + 1000}}, ['chain-not-yet-valid']],
	['the last second of a leaf', {leaf: {notAfter: at}}, []],
	['a self-issued leaf', {}, ['chain-self-issued'], () => ({leaf: other.der})],
	['the pinned root as leaf', {}, ['chain-self-issued'], ({root}) => ({leaf: root.der})],
	['another root', {}, ['chain-untrusted'], world => ({intermediates: [world.middle.der, world.root.der], roots: [other.der]})],
	[
		'another root of the same name',
		{},
		['chain-signature'],
		() => ({roots: [forgeCertificate({name: 'root', keys: keysOf('fake', 'p256')}).der]}),
	],
	['no root', {}, ['chain-incomplete'], () => ({roots: []})],
	[
		'an issuer of another name with the right key',
		{},
		['chain-incomplete'],
		({middle}) => ({leaf: forgeCertificate({name: 'leaf', authority: false, issuer: {...middle, subject: other.subject}}).der}),
	],
	['no intermediate', {}, ['chain-incomplete'], () => ({intermediates: []})],
	['an intermediate that did not sign the leaf', {leaf: {signer: keysOf('fake', 'p256').privateKey}}, ['chain-signature']],
	['a root that did not sign the intermediate', {middle: {signer: keysOf('fake', 'p256').privateKey}}, ['chain-signature']],
	['another bit in the signature', {}, ['chain-signature'], ({leaf}) => ({leaf: flipped(leaf.der, -1)})],
	[
		'an intermediate that is no authority',
		{middle: {authority: false, pathLength: undefined, keyUsage: usage.keyCertSign | usage.cRLSign}},
		['chain-authority'],
	],
	[
		'an intermediate without basic constraints',
		{middle: {authority: undefined, keyUsage: usage.keyCertSign | usage.cRLSign}},
		['chain-authority'],
	],
	['an authority that may not sign certificates', {middle: {keyUsage: usage.cRLSign}}, ['chain-authority']],
	['an authority that does not say what its key is for', {middle: {keyUsage: undefined}}, ['chain-authority']],
	['a leaf that is an authority', {leaf: {authority: true}}, ['chain-authority']],
	['a root that allows nothing below it', {root: {pathLength: 0}}, ['chain-path-length']],
	['P-521', {leaf: {kind: 'p521', name: 'leaf 521'}}, ['chain-algorithm']],
	['RSA with 1024 bits', {leaf: {kind: 'rsa-1024', name: 'small'}}, ['chain-algorithm']],
	[
		'RSA where only curves are allowed',
		{root: {kind: 'rsa-2048', name: 'rsa root'}},
		['chain-algorithm'],
		() => ({rules: {...rules, minimumRsaBits: 4096}}),
	],
	['a hash that is not allowed', {leaf: {algorithm: 'ecdsa-sha512'}}, ['chain-algorithm']],
	['a critical extension', {middle: {extensions: [critical]}}, ['chain-extension']],
	[
		'a critical extension that the caller judges',
		{leaf: {extensions: [critical]}},
		[],
		() => ({rules: {...rules, understood: ['1.2.3.4']}}),
	],
	['a chain that is too long', {}, ['chain-too-large'], () => ({rules: {...rules, maximumLength: 2}})],
	[
		'seventeen intermediates',
		{},
		['chain-too-large'],
		({middle}) => ({intermediates: Array.from({length: 17}, () => middle.der)}),
	],
	['a leaf that cannot be read', {}, ['chain-malformed'], ({leaf}) => ({leaf: leaf.der.subarray(1)})],
	[
		'an intermediate that cannot be read',
		{},
		['chain-malformed'],
		({middle}) => ({intermediates: [middle.der, Buffer.from('x')]}),
	],
	['a byte behind the leaf', {}, ['chain-malformed'], ({leaf}) => ({leaf: Buffer.concat([leaf.der, Buffer.from([0])])})],
	[
		'a certificate of 20 KiB',
		{leaf: {extensions: [{...critical, critical: false, value: Buffer.alloc(20_480)}]}},
		['chain-malformed'],
	],
	['two algorithms', {leaf: {claims: 'ecdsa-sha384'}}, ['chain-malformed']],
	[
		'a revoked leaf',
		{
			lists: withLists(({root, middle, leaf}) => [
				forgeRevocationList({issuer: root}),
				forgeRevocationList({issuer: middle, revoked: [leaf]}),
			]),
		},
		['chain-revoked'],
	],
	[
		'a revoked intermediate',
		{
			lists: withLists(({root, middle}) => [
				forgeRevocationList({issuer: root, revoked: [middle]}),
				forgeRevocationList({issuer: middle}),
			]),
		},
		['chain-revoked'],
	],
	[
		'revoked in an outdated list',
		{
			lists: withLists(({root, middle, leaf}) => [
				forgeRevocationList({issuer: root}),
				forgeRevocationList({issuer: middle, revoked: [leaf], nextUpdate: at - 1000}),
			]),
		},
		['chain-revoked'],
	],
	[
		'an outdated list',
		{
			lists: withLists(({root, middle}) => [
				forgeRevocationList({issuer: root, nextUpdate: at - 1000}),
				forgeRevocationList({issuer: middle}),
			]),
		},
		['revocation-list-outdated'],
	],
	[
		'a list of tomorrow',
		{
			lists: withLists(({root, middle}) => [
				forgeRevocationList({issuer: root, thisUpdate: at + 1000}),
				forgeRevocationList({issuer: middle}),
			]),
		},
		['revocation-list-outdated'],
	],
	['no list', {lists: () => []}, ['revocation-unchecked', 'revocation-unchecked']],
	[
		'a list that somebody else signed',
		{
			lists: withLists(({root, middle}) => [
				forgeRevocationList({issuer: root}),
				forgeRevocationList({issuer: middle, signer: other.privateKey}),
			]),
		},
		['revocation-list-untrusted'],
	],
	['a list of an authority that may not sign lists', {middle: {keyUsage: usage.keyCertSign}}, ['revocation-list-untrusted']],
	[
		'a key usage that cannot be read',
		{middle: {keyUsage: undefined, extensions: [{oid: '2.5.29.15', critical: true, value: Buffer.from('x')}]}},
		['chain-malformed', 'revocation-list-untrusted'],
	],
	[
		'a partial list',
		{
			lists: withLists(({root, middle, lists}) => [
				...lists,
				forgeRevocationList({issuer: middle, extensions: [{...critical, oid: '2.5.29.27'}]}),
				forgeRevocationList({issuer: root}),
			]),
		},
		['revocation-list-malformed'],
	],
	['a list that cannot be read', {lists: withLists(({lists}) => [...lists, Buffer.from('x')])}, ['revocation-list-malformed']],
	[
		'everything at once',
		{
			leaf: {notAfter: at - 1000, extensions: [critical]},
			middle: {notAfter: at - 1000, keyUsage: usage.cRLSign},
			root: {notAfter: at - 1000},
			lists: () => [],
		},
		[
			'chain-expired',
			'chain-extension',
			'chain-expired',
			'chain-authority',
			'chain-root-expired',
			'revocation-unchecked',
			'revocation-unchecked',
		],
	],
];

for (const [name, knobs, codes, changes] of cases) {
	test(name, t => {
		const world = build(knobs);
		t.deepEqual(codesOf(world, changes?.(world)), codes);
	});
}

test('the order of what comes along does not matter, and a good path wins over a bad one of the same names', t => {
	const world = build();
	const expired = forgeCertificate({name: 'middle', issuer: world.root, authority: true, notAfter: at - day});
	const stranger = forgeCertificate({name: 'middle', issuer: other, authority: true, keys: keysOf('fake', 'p256')});
	for (const intermediates of [
		[expired.der, stranger.der, other.der, world.middle.der],
		[world.middle.der, other.der, stranger.der, expired.der],
		[world.root.der, world.middle.der, world.middle.der, world.leaf.der],
	])
		t.deepEqual(codesOf(world, {intermediates, roots: [other.der, world.root.der]}), []);
});

test('a list of the same name and another key does not hide the right one', t => {
	const world = build();
	const foreign = forgeRevocationList({issuer: world.middle, signer: other.privateKey});
	t.deepEqual(codesOf(world, {revocationLists: [foreign, ...world.lists]}), []);
	const revoking = forgeRevocationList({issuer: world.middle, signer: other.privateKey, revoked: [world.leaf]});
	t.deepEqual(codesOf(world, {revocationLists: [...world.lists, revoking]}), []);
});

test('without required lists a missing one is said and does not refuse', t => {
	const world = build({lists: () => []});
	const findings = verifyChain({
		leaf: world.leaf.der,
		intermediates: [world.middle.der],
		roots: [world.root.der],
		at,
		revocationLists: [],
		rules: {...rules, revocation: 'warn'},
	});
	t.deepEqual(
		findings.map(({code, severity}) => `${severity} ${code}`),
		['warn revocation-unchecked', 'warn revocation-unchecked'],
	);
});

test('where a vendor lists authorities only, a leaf without a list is not missed, and one with a list is looked up', t => {
	const authorities = {rules: {...rules, listsOf: 'authorities' as const}};
	const cases: [string, (world: World) => Uint8Array[], FindingCode[], FindingCode[]][] = [
		// What is found with the rule, and without it.
		['no list of the leaf', ({root}) => [forgeRevocationList({issuer: root})], [], ['revocation-unchecked']],
		[
			'no list of the authority',
			({middle}) => [forgeRevocationList({issuer: middle})],
			['revocation-unchecked'],
			['revocation-unchecked'],
		],
		['no list', () => [], ['revocation-unchecked'], ['revocation-unchecked', 'revocation-unchecked']],
		[
			'a revoked authority',
			({root, middle}) => [forgeRevocationList({issuer: root, revoked: [middle]})],
			['chain-revoked'],
			['revocation-unchecked', 'chain-revoked'],
		],
		[
			'a revoked leaf, where a list came along',
			({root, middle, leaf}) => [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle, revoked: [leaf]})],
			['chain-revoked'],
			['chain-revoked'],
		],
		[
			'a list of the leaf that its issuer did not sign',
			({root, middle}) => [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle, signer: other.privateKey})],
			['revocation-list-untrusted'],
			['revocation-list-untrusted'],
		],
		[
			'an outdated list of the leaf',
			({root, middle}) => [forgeRevocationList({issuer: root}), forgeRevocationList({issuer: middle, nextUpdate: at - day})],
			['revocation-list-outdated'],
			['revocation-list-outdated'],
		],
	];
	for (const [name, lists, withRule, without] of cases) {
		const world = build({lists});
		t.deepEqual(codesOf(world, authorities), withRule, name);
		t.deepEqual(codesOf(world), without, name);
	}
});

test('authorities that certify each other in all directions take no time', t => {
	const root = forgeCertificate({name: 'root'});
	const ring = Array.from({length: 16}, (_, index) =>
		forgeCertificate({
			name: 'same',
			issuer: {...root, subject: forgeCertificate({name: 'same'}).subject, ...keysOf('same', 'p256')},
			authority: true,
			serial: Uint8Array.of(1 + index),
		}),
	);
	const leaf = forgeCertificate({
		name: 'leaf',
		issuer: {...root, ...keysOf('same', 'p256'), subject: ring[0]?.subject ?? root.subject},
		authority: false,
	});
	const start = performance.now();
	const codes = verifyChain({
		leaf: leaf.der,
		intermediates: ring.map(({der: bytes}) => bytes),
		roots: [root.der],
		at,
		revocationLists: [],
		rules: {...rules, maximumLength: 16},
	}).map(({code}) => code);
	t.deepEqual(codes, ['chain-too-large']);
	t.true(performance.now() - start < 2000);
});

test('every shortened certificate and list is refused', t => {
	const {leaf, lists} = build();
	for (let length = 0; length < leaf.der.length; length++)
		t.throws(() => parseCertificate(leaf.der.subarray(0, length)), {instanceOf: DerError});
	const [list = new Uint8Array()] = lists;
	for (let length = 0; length < list.length; length++)
		t.throws(() => parseRevocationList(list.subarray(0, length)), {instanceOf: DerError});
});
