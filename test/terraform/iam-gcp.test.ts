import {withTerraform} from '../helpers/cloud-world.ts';
import {moduleWorld} from '../helpers/terraform-module.ts';

withTerraform('GCP identities: one account without keys, and only what nodes call', async t => {
	const world = await moduleWorld(t, 'iam/gcp', ['google']);
	const variables = {name_prefix: 'demo', cloud: {project: 'demo', region: 'europe-west3'}};
	await world.plan(variables);
	await world.apply();
	const resources = await world.resources();
	t.deepEqual(resources.map(({type}) => type).toSorted(), [
		'google_project_iam_custom_role',
		'google_project_iam_member',
		'google_service_account',
		'google_service_account_iam_member',
	]);
	const role = resources.find(({type}) => type === 'google_project_iam_custom_role');
	const permissions = role?.values['permissions'] as string[];
	t.deepEqual(permissions, [...new Set(permissions)].toSorted());
	t.false(permissions.some(permission => /\*|setIamPolicy|serviceAccountKeys|roles\./.test(permission)));
	t.deepEqual((await world.outputs())['config'], {serviceAccount: 'demo-nodes@demo.iam.gserviceaccount.com'});
	t.deepEqual(await world.plan(variables), []);
	t.regex(await world.refused({...variables, name_prefix: 'Demo'}), /1 to 24 lower-case/);
	await world.plan(variables);
	await world.destroy();
	t.deepEqual(world.clouds.read('google').objects, {});
});
