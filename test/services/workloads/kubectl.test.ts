import test, {type ExecutionContext} from 'ava';
import {hasKubectl, kubectlOf} from '../../helpers/kubectl.ts';
import {startWorkloadCluster} from '../../helpers/workload-cluster.ts';

const withKubectl = (title: string, work: (t: ExecutionContext) => Promise<void>) => {
	if (hasKubectl || process.env['REQUIRE_E2E'] === '1') test.serial(title, work);
	else test.serial.skip(`SKIPPED: no kubectl: ${title}`, t => t.pass());
};

const twoNodes = async (t: ExecutionContext) => {
	const cluster = await startWorkloadCluster(t);
	await cluster.addNode('node-1');
	await cluster.addNode('node-2');
	const kubectl = await kubectlOf(cluster.server);
	return {
		...cluster,
		ok: (args: string, input?: unknown) => kubectl.ok(t, args, {input}),
		fails: (args: string) => kubectl.fails(t, args),
	};
};

withKubectl('a deployment: create, roll out, expose, change, undo, scale, delete', async t => {
	const {ok, fails} = await twoNodes(t);
	t.is(await ok('create deployment web --image=example.test/web:1.0 --replicas=2 --port=8080'), 'deployment.apps/web created\n');
	t.regex(await ok('rollout status deployment web --timeout=30s'), /successfully rolled out/);
	t.is(await ok('expose deployment web --port=80 --target-port=8080'), 'service/web exposed\n');
	const all = await ok('get deploy,rs,pods,svc -o wide');
	t.regex(all, /deployment\.apps\/web +2\/2 +2 +2 .* example\.test\/web:1\.0 +app=web/);
	t.regex(all, /replicaset\.apps\/web-\w+ +2 +2 +2 /);
	t.regex(all, /pod\/web-\S+ +1\/1 +Running +0 +\S+ +198\.18\.\S+ +node-1[^]*node-2|node-2[^]*node-1/);
	t.regex(all, /service\/web +ClusterIP +198\.19\.\S+ +<none> +80\/TCP/);
	await ok('wait --for=jsonpath={.subsets[0].addresses[1].ip} endpoints/web --timeout=20s');
	t.regex(await ok('get endpointslices'), /web-0 +IPv4 +8080 +198\.18\.\S+,198\.18\.\S+ +\d+s/);
	t.regex(await ok('describe service web'), /Endpoints: +198\.18\.\S+:8080,198\.18\.\S+:8080/);
	t.regex(
		await ok('describe deployment web'),
		/2 desired \| 2 updated \| 2 total \| 2 available[^]*Scaled up replica set web-\w+ from 0 to 2/,
	);
	const pod = await ok('describe pods -l app=web');
	t.regex(pod, /Message: +simulated: no process runs for image example\.test\/web:1\.0/);
	t.regex(pod, /Simulated .* No process runs for image example\.test\/web:1\.0: the local provider simulates this pod/);
	t.regex(pod, /constellation\.edgeless\.systems\/simulated/);
	t.is(
		await ok('logs deployment/web --tail=1'),
		'simulated: no process runs for image example.test/web:1.0: the local provider simulates this pod\n',
	);
	t.regex(await fails('logs deployment/web -c other'), /container other is not valid for pod/);
	await ok('set image deployment/web web=example.test/web:2.0');
	await ok('rollout status deployment web --timeout=30s');
	t.regex(await ok('rollout history deployment web'), /1 +<none>\n2 +<none>/);
	await ok('rollout undo deployment web');
	await ok('rollout status deployment web --timeout=30s');
	t.is(await ok('get deploy web -o jsonpath={.spec.template.spec.containers[0].image}'), 'example.test/web:1.0');
	await ok('rollout restart deployment web');
	await ok('rollout status deployment web --timeout=30s');
	t.regex(await fails('scale deployment web --current-replicas=9 --replicas=1'), /Expected replicas to be 9, was 2/);
	t.is(await ok('scale deployment web --current-replicas=2 --replicas=3'), 'deployment.apps/web scaled\n');
	t.regex(await ok('wait --for=jsonpath={.status.availableReplicas}=3 deployment/web --timeout=20s'), /condition met/);
	await ok('delete deployment web');
	await ok('wait --for=delete pod -l app=web --timeout=20s');
	t.is(await ok('get rs,pods -o name'), '');
});

withKubectl('drain waits for the budget, leaves DaemonSets, and the pods come up elsewhere', async t => {
	const {ok} = await twoNodes(t);
	const containers = [{name: 'agent', image: 'example.test/agent:1'}];
	await ok('apply -f -', {
		apiVersion: 'apps/v1',
		kind: 'DaemonSet',
		metadata: {name: 'agent'},
		spec: {selector: {matchLabels: {app: 'agent'}}, template: {metadata: {labels: {app: 'agent'}}, spec: {containers}}},
	});
	t.regex(await ok('rollout status ds/agent --timeout=20s'), /successfully rolled out/);
	t.regex(await ok('get ds agent -o wide'), /agent +2 +2 +2 +2 +2 +<none> .* example\.test\/agent:1 +app=agent/);
	await ok('create deployment web --image=example.test/web:1.0 --replicas=2');
	await ok('rollout status deployment web --timeout=30s');
	t.is(await ok('create pdb web --selector=app=web --max-unavailable=1'), 'poddisruptionbudget.policy/web created\n');
	await ok('wait --for=jsonpath={.status.disruptionsAllowed}=1 pdb/web --timeout=20s');
	t.regex(await ok('get pdb web'), /web +N\/A +1 +1 /);
	const drained = await ok('drain node-1 --ignore-daemonsets --timeout=40s');
	t.regex(drained, /pod\/web-\S+ evicted\nnode\/node-1 drained/);
	t.regex(await ok('get nodes'), /node-1 +Ready,SchedulingDisabled/);
	await ok('wait --for=jsonpath={.status.availableReplicas}=2 deployment/web --timeout=20s');
	const names = await ok('get pods -l app=web -o jsonpath={.items[*].spec.nodeName}');
	t.is(names, 'node-2 node-2');
	t.is(await ok('get pods -l app=agent --field-selector spec.nodeName=node-1 -o jsonpath={.items[*].status.phase}'), 'Running');
	t.regex(await ok('describe pdb web'), /Allowed disruptions: +1\n +Current: +2\n +Desired: +1\n +Total: +2/);
	await ok('cordon node-2');
	await ok('scale deployment web --replicas=3');
	await ok('wait --for=jsonpath={.status.replicas}=3 deployment/web --timeout=20s');
	const why = '{.items[?(@.status.phase=="Pending")].status.conditions[0].message}';
	await ok('wait --for=condition=PodScheduled=False pods -l app=web --field-selector status.phase=Pending --timeout=20s');
	t.is(await ok(`get pods -l app=web -o jsonpath=${why}`), '0/2 nodes are available: 2 node(s) were unschedulable.');
	await ok('uncordon node-1');
	await ok('wait --for=jsonpath={.status.availableReplicas}=3 deployment/web --timeout=20s');
});

withKubectl('what makes no sense is refused with every reason; applied again nothing changes', async t => {
	const {ok, server} = await twoNodes(t);
	const deployments = '/apis/apps/v1/namespaces/default/deployments';
	const template = {
		metadata: {labels: {app: 'other'}},
		spec: {containers: [{name: 'Bad_Name', image: ''}, {image: 'x'}], restartPolicy: 'Never'},
	};
	const spec = {replicas: -1, selector: {matchLabels: {app: 'web'}}, strategy: {type: 'Sometimes'}, template};
	const bad = await server.request(deployments, {method: 'POST', body: {metadata: {name: 'web'}, spec}});
	t.is(bad.status, 422);
	const {details} = bad.json as {details: {causes: {field: string}[]}};
	t.deepEqual(
		details.causes.map(({field}) => field),
		[
			'spec.template.metadata.labels',
			'spec.template.spec.restartPolicy',
			'spec.template.spec.containers[0].name',
			'spec.template.spec.containers[0].image',
			'spec.template.spec.containers[1].name',
			'spec.replicas',
			'spec.strategy.type',
		],
	);
	const good = {
		apiVersion: 'apps/v1',
		kind: 'Deployment',
		metadata: {name: 'web'},
		spec: {
			selector: {matchLabels: {app: 'web'}},
			template: {
				metadata: {labels: {app: 'web'}},
				spec: {containers: [{name: 'web', image: 'example.test/web', ports: [{containerPort: 80}]}]},
			},
		},
	};
	t.is(await ok('apply -f -', good), 'deployment.apps/web created\n');
	t.is(await ok('apply -f -', good), 'deployment.apps/web unchanged\n');
	t.is(await ok('apply --server-side --force-conflicts -f -', good), 'deployment.apps/web serverside-applied\n');
	const moved = {...good, spec: {...good.spec, selector: {matchLabels: {app: 'web', more: 'x'}}}};
	const changed = await server.request(`${deployments}/web`, {method: 'PUT', body: moved});
	t.is(changed.status, 422);
	t.regex(changed.text, /field is immutable/);
	const account = {metadata: {name: 'p'}, spec: {serviceAccountName: 'nobody', containers: [{name: 'a', image: 'x'}]}};
	t.regex(
		(await server.request('/api/v1/namespaces/default/pods', {method: 'POST', body: account})).text,
		/serviceaccount \\"nobody\\" not found/,
	);
});
