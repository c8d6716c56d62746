import type {VariantName} from '../attestation/attested.ts';
import {toHex} from '../attestation/bytes.ts';
import type {Finding} from '../attestation/findings.ts';
import type {Policy} from '../attestation/policy.ts';
import {bankOf, localRegisters, tdxBank} from '../attestation/registers.ts';
import type {Attested} from '../attestation/variant.ts';
import type {VerifyCheck} from '../events.ts';

/** What the registers of a local node measure, in words. */
export const registerMeanings: ReadonlyMap<number, string> = new Map([
	[localRegisters.launcher, 'launcher'],
	[localRegisters.bundle, 'node program'],
	[localRegisters.runtime, 'runtime'],
	[localRegisters.commandLine, 'command line and keys'],
	[localRegisters.cluster, 'cluster ID'],
]);

/** What stands behind the attestation key of accepted evidence, where no finding says that nothing does. */
const keyOrigins: Readonly<Record<VariantName, string>> = {
	'local-vtpm': 'certified by the maker key',
	'qemu-vtpm': 'enrolled in the policy',
	'aws-nitro-tpm': 'enrolled in the policy',
	'aws-sev-snp': 'enrolled in the policy',
	'gcp-sev-es': 'known to the Compute API',
	'gcp-sev-snp': 'known to the Compute API',
	'azure-trustedlaunch': 'certified by Azure',
	'azure-sev-snp': 'named in the SNP report',
	'azure-tdx': 'named in the TDX quote',
	'qemu-tdx': 'certified by Intel',
};

export type ChecksInput = {
	/** What a member of the cluster has to show. */
	policy: Policy;
	/** Where the policy and the cluster ID came from, in words. */
	source: string;
	clusterIdFrom: string;
	findings: readonly Finding[];
	/** Absent where the evidence was refused. */
	attested?: Attested;
};

/** One row a check. Without accepted evidence, what was not found wrong was not found right either. */
export function checksOf(input: ChecksInput): VerifyCheck[] {
	const {policy, findings, source, attested} = input;
	const others = findings
		.filter(({code}) => code !== 'register-mismatch')
		.map(({code, message, expected = '', actual = '', severity}): VerifyCheck => {
			const skipped = severity === 'warn' && code.endsWith('-unchecked');
			const verdict = skipped ? 'not-checked' : severity === 'warn' ? 'warning' : 'failed';
			return {check: code, expected, actual, verdict, source, message};
		});
	return [
		...(attested === undefined ? [] : provenBy(attested, input)),
		...registerChecks(input),
		...others,
		...uncovered(policy, attested),
	];
}

function provenBy({variant, attestationKey}: Attested, {findings, source}: ChecksInput): VerifyCheck[] {
	const challenge: VerifyCheck = {
		check: 'challenge',
		expected: 'fresh nonce',
		actual: 'signed',
		verdict: 'ok',
		source: '32 random bytes of this run',
	};
	if (findings.some(({code}) => code.startsWith('key-'))) return [challenge];
	return [challenge, {check: 'key', expected: keyOrigins[variant], actual: attestationKey, verdict: 'ok', source}];
}

function registerChecks({policy, findings, source, clusterIdFrom, attested}: ChecksInput): VerifyCheck[] {
	return [...policy.measurements].map(([register, {expected, warnOnly}]): VerifyCheck => {
		const finding = findings.find(each => each.code === 'register-mismatch' && each.register === register);
		const read = attested === undefined ? undefined : toHex(attested.registers[register] ?? new Uint8Array());
		const bad = warnOnly ? 'warning' : 'failed';
		return {
			check: [registerName(policy, register), meaningOf(policy, register)].filter(part => part !== undefined).join(', '),
			expected: toHex(expected),
			actual: finding?.actual ?? read ?? 'not known',
			verdict: finding === undefined ? (attested === undefined ? 'not-checked' : 'ok') : bad,
			source: register === bankOf(policy).clusterRegister ? `computed from the cluster ID of ${clusterIdFrom}` : source,
		};
	});
}

const meaningOf = (policy: Policy, register: number): string | undefined =>
	register === bankOf(policy).clusterRegister
		? 'cluster ID'
		: policy.variant === 'local-vtpm'
			? registerMeanings.get(register)
			: undefined;

/** `register 4`, and for TDX `MRTD` and `RTMR0` to `RTMR3`. */
function registerName(policy: Policy, register: number): string {
	if (bankOf(policy) !== tdxBank) return `register ${register}`;
	return register === 0 ? 'MRTD' : `RTMR${register - 1}`;
}

/** Registers that the policy is silent about. */
function uncovered({measurements}: Policy, attested: Attested | undefined): VerifyCheck[] {
	const silent = (attested?.registers ?? []).flatMap((_, register) => (measurements.has(register) ? [] : [register]));
	if (silent.length === 0) return [];
	const check = `other registers (${ranges(silent)})`;
	return [{check, expected: '', actual: '', verdict: 'not-checked', source: 'the policy says nothing of them'}];
}

/** `0-3 5 7-9` for sorted numbers. */
function ranges(numbers: readonly number[]): string {
	const groups: [number, number][] = [];
	for (const number of numbers) {
		const last = groups.at(-1);
		if (last?.[1] === number - 1) last[1] = number;
		else groups.push([number, number]);
	}
	return groups.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(' ');
}

/** What is left unchecked where nothing says what the nodes should be. */
export const uncheckedWithoutSource: readonly VerifyCheck[] = [
	['challenge', 'fresh nonce signed by the machine'],
	['key', 'attestation key that something vouches for'],
	['registers', 'measured software'],
	['cluster ID', 'register that carries it'],
].map(([check = '', expected = '']) => ({
	check,
	expected,
	actual: 'not known',
	verdict: 'not-checked',
	source: 'no source of expected values',
}));
