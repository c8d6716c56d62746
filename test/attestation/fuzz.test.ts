import test from 'ava';
import {MalformedError} from '../../src/attestation/bytes.ts';
import {type FuzzTarget, fuzz} from '../helpers/fuzz.ts';
import {fuzzTargets} from '../helpers/fuzz-targets.ts';

for (const target of fuzzTargets) {
	test(`changed inputs: ${target.name}`, t => {
		const {problems, accepted, inputs} = fuzz(target, {inputs: 1500, start: 7});
		t.deepEqual(problems, []);
		// A target that refuses nothing, or not one seed, is not one.
		t.true(accepted < inputs);
	});
}

test('seeds are valid, so that changes reach what is behind the first check', t => {
	for (const {name, seeds, run} of fuzzTargets) {
		const verdicts = seeds().map(seed => {
			try {
				run(seed);
				return true;
			} catch {
				// One valid seed is enough; others may be there for their bytes.
				return false;
			}
		});
		if (name !== 'local-vtpm evidence') t.true(verdicts.includes(true), name);
	}
});

test('crashes, long times and growing memory are found', t => {
	const seeds = (): Uint8Array[] => [Buffer.alloc(8)];
	const problems = (run: FuzzTarget['run']): string => fuzz({name: 'x', seeds, run}, {inputs: 30, start: 1}).problems.join();
	const throwing = (error: Error): string =>
		problems(() => {
			throw error;
		});
	t.is(throwing(new MalformedError('x')), '');
	t.regex(throwing(new RangeError('out of range')), /out of range/);
	const spin = (): void => {
		const begin = process.cpuUsage();
		while (process.cpuUsage(begin).user < 60_000);
	};
	t.regex(problems(spin), /took \d+ ms/);
	const kept: unknown[] = [];
	t.regex(
		problems(() => kept.push(new Array(300_000).fill(1.5))),
		/the heap grew/,
	);
});
