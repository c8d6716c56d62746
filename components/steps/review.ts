import {count} from '../../src/text.ts';
import {equivalentCommand, needALook} from '../../src/wizard/form.ts';
import {providers} from '../../src/wizard/providers.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {fieldLines} from '../fields.ts';
import type {Line} from '../lines.ts';
import {blank, indented, labelled, line, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

/** Everything that will happen, before it does; the choice stands below. */
export function reviewBody(state: WizardState, width: number, theme: Theme, now: number): Body {
	const fields = fieldLines(state, width, theme);
	const lines: Line[] = [
		line(span('Review', 'strong'), span('  nothing has been created yet', 'dim')),
		...indented(facts(state, width - 1), 1),
		...planState(state, width, theme, now),
		line(span(' same without questions', 'dim')),
		...indented(wrap(equivalentCommand(state.values, state.facts), width - 3, 'plain', '  '), 3),
		blank,
		...fields.lines,
	];
	return {lines, focus: lines.length - fields.lines.length + (fields.focus ?? 0)};
}

function facts({values, facts: {versions, plan}}: WizardState, width: number): Line[] {
	const provider = providers.find(({id}) => id === values.provider)?.title ?? values.provider;
	const image = versions?.images.find(({version}) => version === values.image);
	const registers = image?.registers.map(({register}) => register).join(' ') ?? '';
	const rows: [string, readonly string[]][] = [
		['cluster', [`${values.name}, Kubernetes ${values.kubernetes.replace(/^v/u, '')}, ${provider.toLowerCase()}`]],
		['nodes', [`${count(Number(values.controlPlanes), 'control plane')} + ${count(Number(values.workers), 'worker')}`]],
		['trust', [`image ${values.image}: registers ${registers} enforced, key by maker CA`]],
		['writes', plan.plan?.writes ?? []],
		['opens', opened(plan.plan?.opens ?? [])],
		['uses', plan.plan?.costs ?? []],
		['master secret', ['made here, sent once, to the first node that is attested']],
		['not undoable', plan.plan?.irreversible ?? []],
	];
	return rows.flatMap(([label, parts]) => (parts.length === 0 ? [] : labelled(label, parts.join(', '), width, 15)));
}

// Ports of one address stand behind it once: `127.0.0.1: 6443 kubernetes, 9000 bootstrapper`.
function opened(opens: readonly string[]): string[] {
	const hosts = new Map<string, string[]>();
	for (const entry of opens) {
		const [, host = entry, port] = /^(.+):(\d+)(?: .*)?$/u.exec(entry) ?? [];
		hosts.set(host, [...(hosts.get(host) ?? []), ...(port === undefined ? [] : [port])]);
	}
	return [...hosts].map(([host, ports]) => (ports.length === 0 ? host : `${host}: ${ports.join(' ')}`));
}

function planState(state: WizardState, width: number, theme: Theme, now: number): Line[] {
	const look = needALook(state);
	if (look.length > 0)
		return wrap(`${theme.symbols.refused} Needs another look: ${look.join(', ')}. Enter goes there.`, width, 'trouble', '  ');
	const {plan} = state.facts;
	if (plan.state === 'done' && plan.plan !== undefined) {
		const {create, update, destroy} = plan.plan;
		return [
			blank,
			line(
				' ',
				span(`Terraform will create ${count(create, 'resource')}, change ${update}, destroy ${destroy}.`, 'accent'),
				span('  p plan', 'dim'),
			),
		];
	}
	if (plan.state === 'failed') {
		const {message = 'The plan failed.', problems = [], next = []} = plan.error ?? {};
		return [
			...wrap(`${theme.symbols.refused} ${message}`, width, 'trouble', '  '),
			...problems.flatMap(problem => wrap(`  ${problem.path}: ${problem.message}`, width, 'plain', '    ')),
			...next.flatMap(step => wrap(`  ${step}`, width, 'dim', '    ')),
		];
	}
	return [
		blank,
		line(
			' ',
			span(`${workingSymbol(theme, now)} planning`, 'accent'),
			span(plan.note === undefined ? '' : `  ${plan.note}`, 'dim'),
		),
	];
}
