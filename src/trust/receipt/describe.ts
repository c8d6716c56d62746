import type {CheckedReceipt, ReceiptCheck} from './check.ts';
import type {Receipt, ReceiptNode} from './receipt.ts';

const judges = {'this-tool': 'this tool', 'join-service': 'the JoinService'} as const;
const marks: Readonly<Record<ReceiptCheck['verdict'], string>> = {ok: 'ok', failed: 'FAILED', 'not-checked': 'not checked'};

/** The checks of a receipt, each with what stands before its words; the fingerprint stays in one piece. */
export function checkRows({checks}: CheckedReceipt): [lead: string, words: string][] {
	return checks.map(({check, verdict, detail}) => [`  ${marks[verdict].padEnd(12)} ${check.padEnd(13)} `, detail]);
}

/** Everything a receipt says, for a person. */
export function receiptLines(receipt: Receipt): string[] {
	const {cluster, policy, measurements, nodes, exceptions} = receipt;
	const rows: [string, string | undefined][] = [
		['what', `${receipt.what}, ${receipt.outcome}`],
		['time', receipt.time],
		['tool', `constellation ${receipt.tool}`],
		['cluster', [cluster.name, Buffer.from(cluster.id).toString('base64')].filter(Boolean).join('  ')],
		['endpoint', cluster.endpoint],
		['config', receipt.config === undefined ? undefined : `SHA-256 ${hex(receipt.config)}`],
		['policy', `${policy.variant}${policy.generation === undefined ? '' : `, generation ${policy.generation}`}`],
		['measurements', measurements.source],
	];
	return [
		...rows.flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(13)} ${value}`])),
		'',
		...nodes.flatMap(node => nodeLines(node)),
		...(exceptions.length === 0 ? ['no exceptions'] : ['exceptions', ...exceptions.map(exception => `  ${exception}`)]),
	];
}

function nodeLines({name, role, attestationKey, image, judgedBy, findings}: ReceiptNode): string[] {
	const key = attestationKey === undefined ? 'key not told' : `key ${attestationKey.slice(0, 16)}…`;
	const facts = [role, image, key, `checked by ${judges[judgedBy]}`].filter(fact => fact !== undefined);
	return [
		`${name}  ${facts.join(', ')}`,
		...findings.map(({code, severity, message}) => `  ${severity === 'refuse' ? 'refused' : 'warning'}: ${message} (${code})`),
	];
}

/** A receipt as JSON: byte strings as hex, the signed file as base64. */
export function receiptJson(receipt: Receipt): Record<string, unknown> {
	const {publicKey, cluster, config, measurements, ...others} = receipt;
	const {file, signature, key, log, ...rest} = measurements;
	return {
		...others,
		publicKey: base64(publicKey),
		cluster: {...cluster, id: base64(cluster.id)},
		...(config === undefined ? {} : {config: hex(config)}),
		measurements: {
			...rest,
			...(file === undefined ? {} : {file: base64(file)}),
			...(signature === undefined ? {} : {signature: Buffer.from(signature).toString('latin1')}),
			...(key === undefined ? {} : {key: base64(key)}),
			...(log === undefined ? {} : {log: {name: log.name, key: base64(log.key), entry: Buffer.from(log.entry).toString('utf8')}}),
		},
	};
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
