import type {KeyObject} from 'node:crypto';
import {createPublicKey} from 'node:crypto';
import {z} from 'zod';
import {MalformedError} from '../../attestation/bytes.ts';
import {decodeCanonical, encodeCanonical} from './canonical.ts';
import {isSignedBy, maxSignedSize, parseMessage, signMessage} from './cose.ts';

const text = (limit: number) => z.string().max(limit);
const bytes = (limit: number) => z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= limit);
const digest = z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length === 32);
const hexDigest = z.string().regex(/^[\da-f]{64}$/);

const findingSchema = z.strictObject({
	code: text(64),
	severity: z.enum(['refuse', 'warn']),
	message: text(1000),
	register: z.int().min(0).max(255).exactOptional(),
	expected: text(400).exactOptional(),
	actual: text(400).exactOptional(),
});

const nodeSchema = z.strictObject({
	name: text(253),
	role: z.enum(['control-plane', 'worker', 'unknown']),
	/** Lower-case hex SHA-256 of the attestation key; absent where nobody told it. */
	attestationKey: hexDigest.exactOptional(),
	/** Image version that the node was accepted as. */
	image: text(100).exactOptional(),
	/** Who checked the evidence of this node. */
	judgedBy: z.enum(['this-tool', 'join-service']),
	findings: z.array(findingSchema).max(64),
});

/** What the nodes had to show, and how it is known that it is right. */
const measurementsSchema = z.strictObject({
	/** Where the values came from, in words. */
	source: text(1000),
	/** The signed file, exact bytes, with its signature and the key that it was checked with (DER SubjectPublicKeyInfo). */
	file: bytes(128 * 1024).exactOptional(),
	signature: bytes(4096).exactOptional(),
	key: bytes(512).exactOptional(),
	/** Proof that the signature was logged publicly: the answer of the log, exact bytes, and the log's name and key. */
	log: z.strictObject({name: text(100), key: bytes(512), entry: bytes(128 * 1024)}).exactOptional(),
});

const receiptSchema = z.strictObject({
	v: z.literal(1),
	what: z.enum(['apply', 'scale', 'upgrade', 'verify']),
	outcome: z.enum(['accepted', 'refused']),
	/** RFC 3339, UTC. */
	time: z.iso.datetime({precision: 3}),
	/** Version of the tool. */
	tool: text(64),
	/** The key that signs this receipt, DER SubjectPublicKeyInfo. */
	publicKey: bytes(512),
	cluster: z.strictObject({
		id: digest,
		name: text(253).exactOptional(),
		uid: text(64).exactOptional(),
		/** Address that was asked, for `verify`. */
		endpoint: text(300).exactOptional(),
	}),
	/** SHA-256 of the config file. */
	config: digest.exactOptional(),
	policy: z.strictObject({
		variant: text(64),
		/** What a node had to show before it was in the cluster: the attestation config as JSON text. */
		attestationConfig: text(128 * 1024),
		/** Generation of the join policy. */
		generation: z.int().min(0).max(0xff_ff_ff_ff).exactOptional(),
	}),
	measurements: measurementsSchema,
	nodes: z.array(nodeSchema).max(5000),
	/** Checks that were waived or only warned, and who agreed to it. */
	exceptions: z.array(text(1000)).max(256),
});

/** What was checked in one run, with what is needed to look at it again. Holds no secret. */
export type Receipt = z.infer<typeof receiptSchema>;
export type ReceiptFacts = Omit<Receipt, 'v' | 'publicKey'>;
export type ReceiptNode = Receipt['nodes'][number];

/** A receipt whose signature holds; `signedBy` is the key inside it. Whose key that is, the receipt cannot say. */
export type OpenReceipt = {receipt: Receipt; signedBy: Uint8Array};

const limits = {bytes: maxSignedSize, depth: 8, items: 200_000};

/** Signs facts with a P-256 key: a COSE_Sign1 message. Throws when a fact does not fit the format. */
export function sealReceipt(facts: ReceiptFacts, key: KeyObject): Uint8Array {
	const publicKey = new Uint8Array(createPublicKey(key).export({format: 'der', type: 'spki'}));
	return signMessage(encodeCanonical(receiptSchema.parse({...facts, v: 1, publicKey})), key);
}

/** Reads a receipt and checks its signature by the key inside it. Throws MalformedError for anything but an unchanged receipt. */
export function openReceipt(file: Uint8Array): OpenReceipt {
	const message = parseMessage(file);
	const value = decodeCanonical(message.payload, limits);
	const version: unknown = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
	if (typeof version === 'number' && version > 1) throw new MalformedError('it was written by a newer constellation');
	const parsed = receiptSchema.safeParse(value);
	if (!parsed.success)
		throw new MalformedError(`its fields are not those of a receipt (${parsed.error.issues[0]?.path.join('.') ?? ''})`);
	const receipt = parsed.data;
	if (!isSignedBy(message, receipt.publicKey)) throw new MalformedError('it was changed after it was signed');
	return {receipt, signedBy: receipt.publicKey};
}
