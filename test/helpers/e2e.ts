import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {processesIn} from '../../src/process.ts';
import {until} from './local-cluster.ts';
import {missing, type World} from './world.ts';

export * from './world.ts';

/**
 * Registers a serial test that needs the built tool, Terraform and kubectl. Where one of these is missing the test says `SKIPPED: …` and
 * passes; with REQUIRE_E2E=1 it fails.
 */
export function e2e(title: string, body: (t: ExecutionContext) => Promise<void>): void {
	test.serial(title, async t => {
		const reason = missing();
		if (reason === undefined) return body(t);
		t.log(`SKIPPED: ${reason}`);
		t.not(process.env['REQUIRE_E2E'], '1', `REQUIRE_E2E=1, but: ${reason}`);
		return undefined;
	});
}

/** Fails unless nothing of the world's clusters is left: no process, no claim of addresses, no folder. */
export const expectNothingLeft = async (t: ExecutionContext, world: World): Promise<void> => {
	await until('the last process to end', () => processesIn(world.home).length === 0);
	const within = (name: string) => {
		const folder = join(world.dataHome, name);
		return existsSync(folder) ? readdirSync(folder) : [];
	};
	t.deepEqual(within('clusters'), []);
	t.deepEqual(within('networks'), []);
	// What is kept: config, master secret, and the proof of what was checked.
	const own = ['.constellation', 'constellation-conf.yaml', 'constellation-mastersecret.json', 'constellation-receipts'];
	t.deepEqual(
		readdirSync(world.workspace).filter(name => !own.includes(name)),
		[],
	);
};
