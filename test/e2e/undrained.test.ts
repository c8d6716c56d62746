import {join} from 'node:path';
import test from 'ava';
import {e2e, missing, newWorld, type World} from '../helpers/e2e.ts';
import {rigLine, startRig} from '../helpers/rig.ts';
import {upgradeTo} from '../helpers/rolls.ts';
import {undrainedTool} from '../helpers/undrained.ts';

const worlds: World[] = [];

test.after.always(() => Promise.all(worlds.map(world => world.close())));

e2e('without draining the same load notices the roll: what counts its failures would have seen them', async t => {
	t.is(missing(), undefined);
	const place = newWorld();
	worlds.push(place);
	const world = newWorld({program: [process.execPath, await undrainedTool(join(place.home, 'tool'))]});
	worlds.push(world);
	await world.expect(t, 0, 'config generate local --name undrained --workers 0');
	await world.expect(t, 0, 'apply --yes');
	const args = await upgradeTo(t, world, 'v0.2.0');
	const rig = await startRig(world);
	t.teardown(() => rig.close());
	const {code, result} = await world.start(args).finished;
	const report = await rig.stop();
	t.is(code, 0, JSON.stringify(result));
	t.log(rigLine(report));
	// The server of the watch goes in the middle of its answer, whatever else is on its way then.
	t.true(report.watch.broken > 0, report.failures.join('\n'));
	t.true(report.failed > 0);
	await world.expect(t, 0, 'terminate --yes');
});
