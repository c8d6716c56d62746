// What `constellation version` costs against the runtime alone: both in turn, so that both meet the same machine.
import {spawnSync} from 'node:child_process';

const rounds = 15;

const secondsOf = (args: readonly string[]): number => {
	const start = performance.now();
	const {status} = spawnSync(process.execPath, args, {stdio: 'ignore'});
	if (status !== 0) throw new Error(`${args.join(' ')} ended with ${String(status)}; is the tool built?`);
	return (performance.now() - start) / 1000;
};

const bare: number[] = [];
const version: number[] = [];
for (let round = 0; round <= rounds; round++) {
	const [runtime, tool] = [secondsOf(['-e', '0']), secondsOf(['dist/cli.mjs', 'version'])];
	// The first round fills the caches of the disk.
	if (round === 0) continue;
	bare.push(runtime);
	version.push(tool);
}
const median = (values: readonly number[]): number =>
	values.toSorted((left, right) => left - right)[Math.floor(rounds / 2)] ?? Number.NaN;
const [ours, base] = [median(version), median(bare)];
console.log(
	`version: ${(ours * 1000).toFixed(0)} ms; node -e 0: ${(base * 1000).toFixed(0)} ms; ratio ${(ours / base).toFixed(2)} (target <= 1.5)`,
);
