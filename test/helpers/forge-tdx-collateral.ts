import type {Collateral} from '../../src/attestation/attested.ts';
import {at, type Forged, forgeRevocationList, type ListKnobs} from './forge-chain.ts';
import {pemOf, platform, platformCa, qeSigner, root, signature, tcbSigner} from './forge-tdx.ts';

const day = 86_400_000;

const components = (svns: readonly number[]): {svn: number}[] => svns.map(svn => ({svn}));
const tdxComponents = (module: number, microcode: number): {svn: number}[] =>
	components([module, 0, microcode, ...Array.from({length: 13}, () => 0)]);
const origin = {mrsigner: '00'.repeat(48), attributes: '00'.repeat(8), attributesMask: 'FF'.repeat(8)};
const dates = {issueDate: timeText(at - 10 * day), nextUpdate: timeText(at + 20 * day), tcbEvaluationDataNumber: 18};

export function timeText(time: number): string {
	return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** One platform level that is met, one that is older. */
export const tcbInfo = {
	id: 'TDX',
	version: 3,
	...dates,
	fmspc: '90C06F000000',
	pceId: '0000',
	tcbType: 0,
	tdxModule: origin,
	tdxModuleIdentities: [
		{
			id: 'TDX_01',
			...origin,
			tcbLevels: [
				{tcb: {isvsvn: 6}, tcbDate: dates.issueDate, tcbStatus: 'UpToDate'},
				{tcb: {isvsvn: 4}, tcbDate: dates.issueDate, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-01036']},
			],
		},
	],
	tcbLevels: [
		{
			tcb: {sgxtcbcomponents: components(platform.components), pcesvn: 13, tdxtcbcomponents: tdxComponents(5, 3)},
			tcbDate: dates.issueDate,
			tcbStatus: 'UpToDate',
		},
		{
			tcb: {
				sgxtcbcomponents: components([2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]),
				pcesvn: 5,
				tdxtcbcomponents: tdxComponents(5, 2),
			},
			tcbDate: dates.issueDate,
			tcbStatus: 'OutOfDate',
			advisoryIDs: ['INTEL-SA-01036', 'INTEL-SA-01079'],
		},
	],
};

export const qeIdentity = {
	id: 'TD_QE',
	version: 2,
	...dates,
	miscselect: '00000000',
	miscselectMask: 'FFFFFFFF',
	attributes: '11000000000000000000000000000000',
	attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
	mrsigner: qeSigner.toUpperCase(),
	isvprodid: 2,
	tcbLevels: [
		{tcb: {isvsvn: 4}, tcbDate: dates.issueDate, tcbStatus: 'UpToDate'},
		{tcb: {isvsvn: 3}, tcbDate: dates.issueDate, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00999']},
	],
};

export type CollateralKnobs = {
	info?: Readonly<Record<string, unknown>>;
	identity?: Readonly<Record<string, unknown>>;
	/** JSON text instead of what info gives. */
	infoText?: string;
	signer?: Forged;
	signerChain?: string;
	/** After signing, of the TCB info. */
	after?: (statement: string) => string;
	rootList?: Partial<ListKnobs>;
	pckList?: Partial<ListKnobs>;
	lists?: readonly Uint8Array[];
};

export function forgeTdxCollateral(knobs: CollateralKnobs = {}): Collateral {
	const signer = knobs.signer ?? tcbSigner;
	const statement = (name: string, body: string): string =>
		`{"${name}":${body},"signature":"${signature(Buffer.from(body), signer.privateKey).toString('hex')}"}`;
	const info = statement('tcbInfo', knobs.infoText ?? JSON.stringify({...tcbInfo, ...knobs.info}));
	const chain = Buffer.from(knobs.signerChain ?? pemOf(signer, root));
	return {
		tdx: {
			tcbInfo: Buffer.from(knobs.after?.(info) ?? info),
			tcbInfoChain: chain,
			qeIdentity: Buffer.from(statement('enclaveIdentity', JSON.stringify({...qeIdentity, ...knobs.identity}))),
			qeIdentityChain: chain,
		},
		revocationLists: knobs.lists ?? [
			forgeRevocationList({issuer: root, ...knobs.rootList}),
			forgeRevocationList({issuer: platformCa, ...knobs.pckList}),
		],
	};
}
