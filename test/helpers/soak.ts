// What `npm run soak` runs; scripts/soak.mjs says what it is.

import {rigLine, startRig} from './rig.ts';
import {actors, expectUpgraded, finishUpgrade, killActor, lineOf, moments, upgradeTo} from './rolls.ts';
import {strict} from './strict.ts';
import {newWorld} from './world.ts';

const size = /^(\d)\+(\d)$/.exec(process.argv.find(text => /^\d\+\d$/.test(text)) ?? '3+2');
const [controlPlanes, workers] = [Number(size?.[1]), Number(size?.[2])];
const wanted = process.argv.slice(2).filter(text => !/^\d\+\d$/.test(text));
const chosen = Object.keys(moments).filter(moment => wanted.length === 0 || wanted.some(text => moment.includes(text)));
const world = newWorld();
const t = strict;
let patch = 0;
let failed = 0;

async function attempt(what: string, body: (image: string) => Promise<string>): Promise<void> {
	const began = performance.now();
	const image = `v0.2.${patch++}`;
	try {
		const said = await body(image);
		console.log(`ok     ${what} (${((performance.now() - began) / 1000).toFixed(0)} s)${said === '' ? '' : `: ${said}`}`);
	} catch (error) {
		failed += 1;
		console.log(`FAILED ${what}: ${error instanceof Error ? error.message : String(error)}`);
	}
}

try {
	await world.expect(t, 0, `config generate local --name soak --control-planes ${controlPlanes} --workers ${workers}`);
	await world.expect(t, 0, 'apply --yes');
	await attempt('a roll under load', async image => {
		const args = await upgradeTo(t, world, image);
		const rig = await startRig(world);
		const {code, result} = await world.start(args).finished;
		const report = await rig.stop();
		t.is(code, 0, JSON.stringify(result));
		t.is(report.failed, 0, report.failures.slice(0, 20).join('\n'));
		await expectUpgraded(t, world, image, {controlPlanes, workers});
		return rigLine(report);
	});
	for (const actor of actors) {
		for (const moment of chosen) {
			await attempt(`${actor} killed when ${moment}`, async image => {
				const args = await upgradeTo(t, world, image);
				const run = world.start(args);
				const seen = await lineOf(run, moment, line => moments[moment]?.(line) === true);
				const killed = seen !== undefined && (await killActor(world, actor, run));
				const {code, result} = await finishUpgrade(world, args, run);
				t.is(code, 0, JSON.stringify(result));
				await expectUpgraded(t, world, image, {controlPlanes, workers});
				return killed ? '' : 'nothing was left to kill';
			});
		}
	}
	await world.expect(t, 0, 'terminate --yes');
} finally {
	await world.close();
}
console.log(failed === 0 ? 'every end was the same' : `${failed} ends were others`);
process.exitCode = failed === 0 ? 0 : 1;
