import {MalformedError} from '../bytes.ts';
import {type Fields, hexIn, integerIn, objectIn, objectsIn, timeIn, wordIn} from './json-fields.ts';
import {type Assessment, readAssessment} from './tcb-status.ts';

/** Lowest versions that a platform needs for an assessment: 16 SGX and 16 TDX components and the PCE. */
export type PlatformLevel = Assessment & {sgx: readonly number[]; tdx: readonly number[]; pceSvn: number};
/** Lowest version that a module or enclave needs for an assessment. */
export type VersionLevel = Assessment & {svn: number};

/** Who may have made a TDX module; the mask tells which bits of the attributes count. */
export type ModuleOrigin = {mrSigner: Uint8Array; attributes: Uint8Array; attributesMask: Uint8Array};
export type ModuleIdentity = ModuleOrigin & {levels: readonly VersionLevel[]};

/** From when to when a statement counts, milliseconds since the epoch; the number rises with every recovery of trust. */
export type Validity = {issued: number; nextUpdate: number; evaluation: number};

/** Intel's TCB info of one family of platforms. Levels stand in Intel's order, the newest first. */
export type TcbInfo = Validity & {
	fmspc: Uint8Array;
	pceId: Uint8Array;
	module: ModuleOrigin;
	/** By version of the TDX module. */
	modules: ReadonlyMap<number, ModuleIdentity>;
	levels: readonly PlatformLevel[];
};

const maximumLevels = 256;

/** Reads TCB info of version 3 for TDX (Intel PCS API v4, appendix A). Throws MalformedError. */
export function parseTcbInfo(json: unknown): TcbInfo {
	const fields = objectIn(json, 'tcbInfo');
	if (wordIn(fields, 'id') !== 'TDX' || integerIn(fields, 'version', 0xffff) !== 3)
		throw new MalformedError('tcbInfo: not version 3 for TDX');
	if (integerIn(fields, 'tcbType', 0xffff) !== 0) throw new MalformedError('tcbInfo: how it counts versions is not known');
	const identities = fields['tdxModuleIdentities'] === undefined ? [] : objectsIn(fields, 'tdxModuleIdentities', 64);
	const modules = new Map(identities.map(identity => [moduleVersion(wordIn(identity, 'id')), readIdentity(identity)]));
	if (modules.size !== identities.length) throw new MalformedError('tdxModuleIdentities: a version occurs twice');
	return {
		...readValidity(fields),
		fmspc: hexIn(fields, 'fmspc', 6),
		pceId: hexIn(fields, 'pceId', 2),
		module: readOrigin(objectIn(fields['tdxModule'], 'tdxModule')),
		modules,
		levels: objectsIn(fields, 'tcbLevels', maximumLevels).map(readPlatformLevel),
	};
}

/** Dates and number that every statement of Intel's has. Throws MalformedError. */
export function readValidity(fields: Fields): Validity {
	return {
		issued: timeIn(fields, 'issueDate'),
		nextUpdate: timeIn(fields, 'nextUpdate'),
		evaluation: integerIn(fields, 'tcbEvaluationDataNumber', 0xffff),
	};
}

/** Levels by a single version, of a module or an enclave. Throws MalformedError. */
export function readVersionLevels(fields: Fields): VersionLevel[] {
	return objectsIn(fields, 'tcbLevels', maximumLevels).map(level => ({
		...readAssessment(level),
		svn: integerIn(objectIn(level['tcb'], 'tcb'), 'isvsvn', 0xffff),
	}));
}

/** `TDX_03` is version 3, in hex. */
function moduleVersion(id: string): number {
	const digits = /^TDX_([0-9A-Fa-f]{2})$/.exec(id)?.[1];
	if (digits === undefined) throw new MalformedError('tdxModuleIdentities: an id is not known');
	return Number.parseInt(digits, 16);
}

function readIdentity(fields: Fields): ModuleIdentity {
	return {...readOrigin(fields), levels: readVersionLevels(fields)};
}

function readOrigin(fields: Fields): ModuleOrigin {
	return {
		mrSigner: hexIn(fields, 'mrsigner', 48),
		attributes: hexIn(fields, 'attributes', 8),
		attributesMask: hexIn(fields, 'attributesMask', 8),
	};
}

function readPlatformLevel(level: Fields): PlatformLevel {
	const tcb = objectIn(level['tcb'], 'tcb');
	return {
		...readAssessment(level),
		sgx: readComponents(tcb, 'sgxtcbcomponents'),
		tdx: readComponents(tcb, 'tdxtcbcomponents'),
		pceSvn: integerIn(tcb, 'pcesvn', 0xffff),
	};
}

function readComponents(tcb: Fields, key: string): number[] {
	const components = objectsIn(tcb, key, 16).map(component => integerIn(component, 'svn', 0xff));
	if (components.length !== 16) throw new MalformedError(`${key}: not 16 components`);
	return components;
}
