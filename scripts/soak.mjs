// The long test of upgrades: a roll of 3 control planes and 2 workers under load, then one roll for each who carries it and each moment at
// which that one is killed. Arguments name sizes as 1+2 and moments by a part of their sentence. Exit code 1 if any end was another one.
import {spawnSync} from 'node:child_process';
import process from 'node:process';

const {status} = spawnSync(
	process.execPath,
	['--import=./scripts/tsx.mjs', '--disable-warning=ExperimentalWarning', 'test/helpers/soak.ts', ...process.argv.slice(2)],
	{stdio: 'inherit'},
);
process.exitCode = status ?? 1;
