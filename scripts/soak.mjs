// The long test of upgrades: rolls under load, whoever carries one killed at each boundary, nodes restarted at each, and the model of
// stranded nodes against live ones. Arguments choose cases by a part of their names. --list names them; --size 3+2 gives another cluster to
// the loads and kills; --seed N other random plans; --record FILE notes what passed and leaves it out the next time. Exit code 1 if any failed.
import {spawnSync} from 'node:child_process';
import process from 'node:process';

const {status} = spawnSync(
	process.execPath,
	['--import=./scripts/tsx.mjs', '--disable-warning=ExperimentalWarning', 'test/helpers/soak/main.ts', ...process.argv.slice(2)],
	{stdio: 'inherit'},
);
process.exitCode = status ?? 1;
