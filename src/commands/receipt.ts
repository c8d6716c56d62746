import path from 'node:path';
import {
	type CheckedReceipt,
	checkRows,
	type ListedReceipt,
	listReceipts,
	openReceiptFile,
	ownKeyId,
	receiptJson,
	receiptLines,
	unchangedSentence,
	verifyReceiptFile,
} from '../flows/receipt-check.ts';
import {columnsOf, hanging} from '../output/verify-table.ts';
import {count} from '../text.ts';
import {type CommandContext, type CommandModule, textFlag} from './types.ts';

export const verify: CommandModule = async (context, input) => {
	const file = path.resolve(input.argument ?? '');
	const checked = await verifyReceiptFile(file, textFlag(input, 'key'));
	const {receipt, fingerprint, checks} = checked;
	const isOwn = await isOwnKey(context, fingerprint);
	return {
		command: 'receipt verify',
		data: {file, fingerprint, ownKey: isOwn, checks, receipt: receiptJson(receipt)},
		lines: [
			...hanging('', unchangedSentence, widthOf(context)),
			'',
			...checksFor(checked, widthOf(context)),
			...(isOwn ? ['It is the key of the workspace here.'] : []),
			'',
			`${receipt.what}, ${receipt.outcome}, ${receipt.time}, ${count(receipt.nodes.length, 'node')}; receipt show has the rest`,
		],
	};
};

export const show: CommandModule = async (context, input) => {
	const file = path.resolve(input.argument ?? '');
	const checked = await openReceiptFile(file);
	const {receipt, fingerprint, checks} = checked;
	return {
		command: 'receipt show',
		data: {file, fingerprint, checks, receipt: receiptJson(receipt)},
		lines: [
			...receiptLines(receipt).flatMap(line => hanging('', line, widthOf(context))),
			'',
			...checksFor(checked, widthOf(context)),
		],
	};
};

export const list: CommandModule = async ({folder}) => {
	const receipts = await listReceipts(folder);
	return {
		command: 'receipt list',
		data: {receipts: receipts.map(receipt => listed(receipt))},
		lines: receipts.length === 0 ? ['There is no receipt here; apply, scale and verify add one.'] : receipts.flatMap(listedLines),
	};
};

function listed({file, checked, problem}: ListedReceipt): Record<string, unknown> {
	if (checked === undefined) return {file, ok: false, problem};
	const {receipt, fingerprint, checks} = checked;
	const {what, outcome, time, nodes} = receipt;
	return {file, ok: checks.every(({verdict}) => verdict !== 'failed'), what, outcome, time, nodes: nodes.length, fingerprint};
}

function listedLines({file, checked, problem}: ListedReceipt): string[] {
	if (checked === undefined) return [file, `  ${problem ?? 'cannot be read'}`];
	const {receipt, checks} = checked;
	const broken = checks.filter(({verdict}) => verdict === 'failed').map(({check}) => check);
	const state = broken.length === 0 ? 'unchanged since signed' : `does not hold: ${broken.join(', ')}`;
	return [file, `  ${receipt.what}, ${receipt.outcome}, ${count(receipt.nodes.length, 'node')}, ${state}`];
}

function checksFor(checked: CheckedReceipt, width: number): string[] {
	// Beside their labels the words would be a column of single words.
	const rows = checkRows(checked).flatMap(([lead, words]) =>
		width < 64
			? [...hanging('', lead.trim().replaceAll(/ +/g, ' '), width), ...hanging('    ', words, width)]
			: hanging(lead, words, width),
	);
	return [...rows, '', 'Fingerprint of the key:', checked.fingerprint];
}

async function isOwnKey({folder}: CommandContext, fingerprint: string): Promise<boolean> {
	const own = await ownKeyId(folder);
	return own !== undefined && `SHA256:${Buffer.from(own).toString('hex')}` === fingerprint;
}

const widthOf = ({surroundings}: CommandContext): number => columnsOf(surroundings.stdout);
