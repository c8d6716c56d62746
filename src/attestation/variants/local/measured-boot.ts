import {createHash} from 'node:crypto';
import {toHex} from '../../bytes.ts';
import type {Measurements} from '../../measurements.ts';
import {localRegisters, memberRegister, tpmBank} from '../../registers.ts';
import {extended} from '../../tpm/event-log.ts';

/** SHA-256 digests of the files of an image. */
export type ImageDigests = {launcher: Uint8Array; bundle: Uint8Array; runtime: Uint8Array};

/** The whole environment of a node process: measured, and nothing of the user's own. */
export const nodeEnvironment: Readonly<Record<string, string>> = {LANG: 'C.UTF-8', PATH: '/usr/bin:/bin', TZ: 'UTC'};

/** What makes the runtime read the bundle from its standard input. */
export const bundleArguments: readonly string[] = ['--input-type=module', '-'];

/**
 * The text that register 12 measures: runtime options, parameters and environment as one JSON line, so that no two command lines
 * share a text.
 */
export function measuredCommandLine(
	args: readonly string[],
	params: readonly string[],
	env: Readonly<Record<string, string>> = nodeEnvironment,
): string {
	const environment = Object.fromEntries(Object.entries(env).sort(([left], [right]) => (left < right ? -1 : 1)));
	return JSON.stringify({arguments: [...args, ...bundleArguments], parameters: params, environment});
}

/** The parameters of every node of a cluster; keys are DER SubjectPublicKeyInfo. */
export function localParameters(makerKey: Uint8Array, releaseKey: Uint8Array): string[] {
	return parametersOf(sha256(makerKey), sha256(releaseKey));
}

/** As localParameters, from the SHA-256 digests of the keys: what a node knows of them. */
export function parametersOf(makerDigest: Uint8Array, releaseDigest: Uint8Array): string[] {
	return [
		'constellation.provider=local',
		'constellation.variant=local-vtpm',
		`constellation.maker=${toHex(makerDigest)}`,
		`constellation.release=${toHex(releaseDigest)}`,
	];
}

export type NodeParameters = {provider: string; variant: string; makerDigest: Uint8Array; releaseDigest: Uint8Array};

/** Reads a node's own parameters back. Throws when one is missing, unknown or given twice. */
export function parseParameters(params: readonly string[]): NodeParameters {
	const values = new Map(params.map(param => [param.slice(0, param.indexOf('=')), param.slice(param.indexOf('=') + 1)] as const));
	const value = (name: string, pattern: RegExp): string => {
		const found = values.get(`constellation.${name}`);
		if (found === undefined || !pattern.test(found)) throw new Error(`the command line has no valid constellation.${name}`);
		return found;
	};
	const parsed = {
		provider: value('provider', /^[a-z]+$/),
		variant: value('variant', /^[a-z-]+$/),
		makerDigest: Buffer.from(value('maker', /^[0-9a-f]{64}$/), 'hex'),
		releaseDigest: Buffer.from(value('release', /^[0-9a-f]{64}$/), 'hex'),
	};
	if (params.length !== 4 || values.size !== 4) throw new Error('the command line has unknown or repeated parameters');
	return parsed;
}

/** Register value after one extend of a zero register with SHA-256(content). */
export function registerOf(digest: Uint8Array): Uint8Array {
	return extended(new Uint8Array(32), digest);
}

/** Register 15 of a node that is in the cluster. `clusterId`: 32 bytes. */
export function clusterRegisterOf(clusterId: Uint8Array): Uint8Array {
	return memberRegister(tpmBank, clusterId);
}

/** What a node started from these files with this command line must show, before it is in a cluster; everything is enforced. */
export function expectedMeasurements(digests: ImageDigests, commandLine: string): Measurements {
	const enforce = (expected: Uint8Array) => ({expected, warnOnly: false});
	return new Map([
		[localRegisters.launcher, enforce(registerOf(digests.launcher))],
		[localRegisters.bundle, enforce(registerOf(digests.bundle))],
		[localRegisters.runtime, enforce(registerOf(digests.runtime))],
		[localRegisters.commandLine, enforce(registerOf(sha256(commandLine)))],
		[localRegisters.cluster, enforce(new Uint8Array(32))],
	]);
}

export function sha256(content: Uint8Array | string): Uint8Array {
	return createHash('sha256').update(content).digest();
}
