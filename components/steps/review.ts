import {identityFields} from '../../src/config/account-keys.ts';
import {count} from '../../src/text.ts';
import {equivalentCommands, needALook} from '../../src/wizard/form.ts';
import {providers} from '../../src/wizard/providers.ts';
import type {WizardState} from '../../src/wizard/state.ts';
import {cloudOf} from '../../src/wizard/values.ts';
import {failureLines} from '../failure.ts';
import {fieldLines} from '../fields.ts';
import type {Line} from '../lines.ts';
import {blank, indented, labelled, line, shellLines, span, wrap} from '../lines.ts';
import type {Body} from '../screen.tsx';
import type {Theme} from '../theme.ts';
import {workingSymbol} from '../theme.ts';

/** Everything that will happen, before it does; the choice stands below. Commands that do not fit have a screen of their own. */
export function reviewBody(state: WizardState, width: number, theme: Theme, now: number, height = Infinity): Body {
	const fields = fieldLines(state, width, theme);
	const above: Line[] = [
		line(span('Review', 'strong'), span(`  nothing has been ${state.facts.settled === true ? 'changed' : 'created'} yet`, 'dim')),
		...indented(facts(state, width - 1), 1),
		...planState(state, width, theme, now),
	];
	const commands = [line(span(' same without questions', 'dim')), ...indented(commandLines(state, width - 3), 3)];
	const short = indented(wrap('same without questions: c shows the commands', width - 1, 'dim'), 1);
	const several = equivalentCommands(state.values, state.facts).length > 1;
	const fits = above.length + commands.length + 1 + fields.lines.length <= height;
	const lines = [...above, ...(fits || !several ? commands : short), blank, ...fields.lines];
	return {lines, focus: lines.length - fields.lines.length + (fields.focus ?? 0)};
}

/** The commands that do the same, each on lines of its own. */
export const commandLines = (state: WizardState, width: number): Line[] =>
	equivalentCommands(state.values, state.facts).flatMap(command => shellLines(command, width));

function facts(state: WizardState, width: number): Line[] {
	const rows = cloudOf(state.values) === undefined ? localRows(state) : cloudRows(state);
	return rows.flatMap(([label, parts]) => {
		if (parts.length === 0) return [];
		const lines = labelled(label, parts.join(', '), width, 15);
		if (label !== 'costs money' || lines.length <= 3) return lines;
		// The plan has this list in full; here are as many of its items as fit, and one at least.
		const fits = (count: number) => labelled(label, parts.slice(0, count).join(', '), width, 15).length <= 2;
		const shown = parts.findLastIndex((_, index) => fits(index + 1)) + 1 || 1;
		const some = labelled(label, parts.slice(0, shown).join(', '), width, 15);
		return [...some, ...labelled('', 'and more: p plan', width, 15, 'dim')];
	});
}

type Row = [label: string, parts: readonly string[]];

const nodes = ({controlPlanes, workers}: WizardState['values']): string =>
	`${count(Number(controlPlanes), 'control plane')} + ${count(Number(workers), 'worker')}`;

function localRows({values, facts: {versions, plan, settled}}: WizardState): Row[] {
	const image = versions?.images.find(({version}) => version === values.image);
	const registers = image?.registers.map(({register}) => register).join(' ') ?? '';
	// The plan of an initialised cluster makes nothing that cannot be made again.
	const isNew = settled !== true || (plan.plan?.irreversible ?? []).length > 0;
	const vouched = plan.checks?.find(({id}) => id === 'measurements')?.detail;
	return [
		['cluster', [`${values.name}, Kubernetes ${values.kubernetes.replace(/^v/u, '')}, local`]],
		['nodes', [nodes(values)]],
		[
			'trust',
			[`image ${values.image}: registers ${registers} enforced, key by maker CA`, ...(vouched === undefined ? [] : [vouched])],
		],
		['writes', plan.plan?.writes ?? []],
		['opens', opened(plan.plan?.opens ?? [])],
		['uses', plan.plan?.costs ?? []],
		['master secret', isNew ? ['made here, sent once, to the first node that is attested'] : ['kept as it is']],
		['not undoable', plan.plan?.irreversible ?? []],
	];
}

// What is the config's alone, such as more groups of nodes, is in the plan.
function cloudRows({values, facts: {plan, settled}}: WizardState): Row[] {
	const title = providers.find(({id}) => id === values.provider)?.title ?? values.provider;
	const cloud = cloudOf(values);
	const {region, zone, instanceType, variant, nodeImage, iam, sourceRanges} = values;
	const where = [title, values.project, zone === '' ? region : zone].filter(text => text !== '');
	const own = cloud === undefined ? [] : identityFields[cloud].map(({key}) => values[key]).filter(text => text !== '');
	const made = iam === 'make' && settled !== true ? ' (made before)' : '';
	return [
		['cluster', [`${values.name}, Kubernetes ${values.kubernetes.replace(/^v/u, '')}`]],
		['where', where],
		['nodes', [nodes(values), instanceType]],
		['image', [nodeImage === '' ? 'none: no machines yet, the work stops after the infrastructure' : nodeImage]],
		['trust', [variant]],
		['identities', own.length === 0 ? [] : [`${own.join(', ')}${made}`]],
		['opens', [`its ports to ${sourceRanges}`]],
		['costs money', plan.plan?.costs ?? []],
		['not undoable', plan.plan?.irreversible ?? []],
	];
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
	if (plan.state === 'done' && plan.plan !== undefined) return [blank, ...plannedLines(plan, width, theme)];
	if (plan.state === 'failed')
		return failureLines(plan.error ?? {message: 'The plan failed.', problems: [], next: []}, width, theme);
	return [
		blank,
		line(
			' ',
			span(`${workingSymbol(theme, now)} planning`, 'accent'),
			span(plan.note === undefined ? '' : `  ${plan.note}`, 'dim'),
		),
	];
}

function plannedLines({plan, checks = []}: WizardState['facts']['plan'], width: number, theme: Theme): Line[] {
	const {create = 0, update = 0, destroy = 0} = plan ?? {};
	const unsure = checks.filter(({state}) => state === 'warning');
	const words = `Terraform will create ${count(create, 'resource')}, change ${update}, destroy ${destroy}.`;
	return [
		...(width < 60
			? indented(wrap(words, width - 1, destroy > 0 ? 'trouble' : 'accent'), 1)
			: [line(' ', span(words, destroy > 0 ? 'trouble' : 'accent'), span('  p plan', 'dim'))]),
		...(unsure.length === 0
			? []
			: indented(
					wrap(
						`${theme.symbols.warning} ${count(unsure.length, 'check')} could not be made; the plan (p) tells which.`,
						width - 1,
						'plain',
						'  ',
					),
					1,
				)),
	];
}
