import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {MalformedError} from '../../src/attestation/bytes.ts';
import {AttestationRefused} from '../../src/attestation/findings.ts';
import {AppError} from '../../src/errors.ts';

/** A parser or verifier that reads what anybody may have written. */
export type FuzzTarget = {
	name: string;
	/** Valid inputs: what is changed. */
	seeds: () => readonly Uint8Array[];
	/** Reads one input; refusing means throwing one of the errors that say so. */
	run: (bytes: Uint8Array) => unknown;
};

export type FuzzReport = {name: string; inputs: number; accepted: number; slowest: number; growth: number; problems: string[]};

/** Longest processor time for one input in milliseconds, the best of three; growth of the heap over a whole run in bytes. */
const limits = {time: 50, growth: 32 * 1024 * 1024, problems: 5};

/** Mulberry32: the same start gives the same inputs, so that a failure comes again. */
export function randomFrom(start: number): (below: number) => number {
	let state = start >>> 0;
	return below => {
		state = (state + 0x6d2b_79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
	};
}

const interesting = [0, 1, 0x7f, 0x80, 0xfe, 0xff, 0x22, 0x2c, 0x5b, 0x5c, 0x7b, 0x30];
const maximumSize = 128 * 1024;

type Random = (below: number) => number;
type Mutation = (bytes: Buffer, random: Random, other: Uint8Array) => Buffer;

const spliced = (bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer =>
	Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);

/** Changes at one place; every one of them takes any input, also an empty one. */
const mutations: readonly Mutation[] = [
	(bytes, random) => {
		const at = random(bytes.length);
		bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
		return bytes;
	},
	(bytes, random) => {
		bytes[random(bytes.length)] = interesting[random(interesting.length)] ?? 0;
		return bytes;
	},
	// Lengths and counts: big, small and off by one, in 2 or 4 bytes of both orders.
	(bytes, random) => {
		const value = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff][random(6)] ?? 0;
		const field = Buffer.alloc(4);
		if (random(2) === 0) field.writeUInt32BE(value);
		else field.writeUInt32LE(value);
		return spliced(bytes, random(bytes.length), 4, random(2) === 0 ? field : field.subarray(2));
	},
	(bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
	(bytes, random) => spliced(bytes, random(bytes.length), random(64), new Uint8Array()),
	(bytes, random) => spliced(bytes, random(bytes.length), 0, Buffer.alloc(random(64), random(256))),
	(bytes, random) => {
		const from = random(bytes.length);
		return spliced(bytes, random(bytes.length), 0, bytes.subarray(from, from + random(256)));
	},
	(bytes, random, other) => {
		const from = random(other.length);
		return spliced(bytes, random(bytes.length), random(256), other.subarray(from, from + random(256)));
	},
	// What is wrapped in base64 is changed inside, else nothing behind the decoder would be reached.
	(bytes, random, other) => {
		const text = bytes.toString('latin1');
		const wrapped = [...text.matchAll(/"([A-Za-z0-9+/]{8,}={0,2})"/g)];
		const chosen = wrapped[random(wrapped.length)];
		if (!chosen?.[1]) return bytes;
		const inner = mutate(Buffer.from(chosen[1], 'base64'), random, other);
		return Buffer.from(
			text.slice(0, chosen.index) + JSON.stringify(inner.toString('base64')) + text.slice(chosen.index + chosen[0].length),
			'latin1',
		);
	},
];

/** One to four changes of a copy. */
export function mutate(seed: Uint8Array, random: Random, other: Uint8Array): Buffer {
	let bytes: Buffer = Buffer.from(seed);
	for (let left = 1 + random(4); left > 0; left--) {
		const mutation = mutations[random(mutations.length)];
		if (mutation) bytes = mutation(Buffer.from(bytes), random, other);
	}
	return bytes.subarray(0, maximumSize);
}

/** Runs a target on changed seeds: no error but a refusal, no long time, no memory that stays. */
export function fuzz(target: FuzzTarget, {inputs, start}: {inputs: number; start: number}): FuzzReport {
	const random = randomFrom(start);
	const seeds = target.seeds();
	const report: FuzzReport = {name: target.name, inputs, accepted: 0, slowest: 0, growth: 0, problems: []};
	const seed = (): Uint8Array => seeds[random(seeds.length)] ?? new Uint8Array();
	let before = 0;
	for (let index = 0; index < inputs && report.problems.length < limits.problems; index++) {
		// What is built once is built by then.
		if (index === Math.floor(inputs / 10)) before = heapUsed();
		const bytes = mutate(seed(), random, seed());
		const problem = tryOne(target, bytes, report);
		if (problem)
			report.problems.push(`${target.name}, start ${start}, input ${index}: ${problem} (${bytes.toString('hex').slice(0, 400)})`);
	}
	report.growth = heapUsed() - before;
	if (report.growth > limits.growth) report.problems.push(`${target.name}: the heap grew by ${report.growth} bytes`);
	return report;
}

function tryOne(target: FuzzTarget, bytes: Uint8Array, report: FuzzReport): string | undefined {
	let time = Number.POSITIVE_INFINITY;
	// A busy machine can stop this process at any time: its own time counts, and only what is slow three times is slow.
	for (let tries = 0; tries < 3 && time > limits.time; tries++) {
		const begin = process.cpuUsage();
		try {
			target.run(bytes);
			if (tries === 0) report.accepted++;
		} catch (error) {
			if (!isRefusal(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
		}
		const {user, system} = process.cpuUsage(begin);
		time = Math.min(time, (user + system) / 1000);
	}
	report.slowest = Math.max(report.slowest, time);
	return time > limits.time ? `took ${time.toFixed(0)} ms` : undefined;
}

function isRefusal(error: unknown): boolean {
	return error instanceof MalformedError || error instanceof AppError || error instanceof AttestationRefused;
}

function heapUsed(): number {
	setFlagsFromString('--expose-gc');
	const collect = runInNewContext('gc') as () => void;
	collect();
	return process.memoryUsage().heapUsed;
}
