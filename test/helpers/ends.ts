// What every file of tests loads first: a process that does not end after its last test fails, and says what it left open.
import process from 'node:process';
import {registerCompletionHandler} from 'ava';

const patienceMs = 20_000;

registerCompletionHandler(() => {
	setTimeout(() => {
		console.error(`still open after the last test: ${process.getActiveResourcesInfo().join(', ')}`);
		process.kill(process.pid, 'SIGKILL');
	}, patienceMs).unref();
});
