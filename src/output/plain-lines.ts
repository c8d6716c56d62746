import type {Event, PlannedChange, PlanPart, RefusalView, VerifyCheck} from '../events.ts';
import type {LiveView} from '../fold.ts';
import {refusalReason} from '../lanes.ts';
import {drainWords} from '../roll-rows.ts';
import {count, duration, oneLine} from '../text.ts';

/** The lines with the time since the start of the flow before the first. */
export function stamped(lines: readonly string[], event: Event, before: LiveView): string[] {
	const stamp = duration(event.at - (before.startedAt ?? event.at)).padStart(5);
	return lines.map((line, index) => `${index === 0 ? stamp : ' '.repeat(stamp.length)}  ${line}`);
}

/** The plain lines of one event; none for what only a moving screen needs. `before` is the view without the event. */
export function plainLines(event: Event, before: LiveView): string[] {
	switch (event.type) {
		case 'phase': {
			const start = before.phases.find(phase => phase.id === event.id)?.startedAt;
			const took = event.state === 'done' && start !== undefined ? ` in ${duration(event.at - start)}` : '';
			return [`${event.id}: ${event.state}${took}${event.detail === undefined ? '' : `, ${oneLine(event.detail)}`}`];
		}
		case 'estimate':
			return [
				`usually ${duration(event.phases.reduce((sum, {milliseconds}) => sum + milliseconds, 0))}, by ${count(event.runs, 'run')} before on this machine`,
			];
		case 'check':
			return event.state === 'running' ? [] : checkLines(event);
		case 'plan':
			return [
				`plan: create ${event.create}, change ${event.update}, destroy ${event.destroy}`,
				...(event.preview === undefined ? changeLines(event.changes) : previewLines(event.preview)),
			];
		case 'resource':
			return event.state === 'progress' ? [] : [`${oneLine(event.address)}: ${event.action} ${event.state}`];
		case 'lane':
			return [`${oneLine(event.node, 80)}: ${event.state}${event.source === 'reported' ? ', reported by the node' : ''}`];
		case 'lane-refused':
			return [
				`${oneLine(event.node, 80)}: refused${event.count > 1 ? ` ${event.count} times` : ''}: ${oneLine(refusalReason(event.node, event.refusal))}`,
				...refusalLines(event.refusal),
			];
		case 'lane-lost':
			return [`${oneLine(event.node, 80)}: ${event.reason}`];
		case 'waiting':
			return [waitSentence(event)];
		case 'policies': {
			const late = event.lagging.map(({node, reason}) => `  ${oneLine(node, 80)} lags: ${oneLine(reason)}`);
			const images = event.images.map(image => oneLine(image, 80)).join(' and ');
			return [`join policy: accepts ${images}, generation ${event.generation}`, ...late];
		}
		case 'replacement':
			return [replacementLine(event)];
		case 'stream':
			return [`join events: ${event.state}${event.detail === undefined ? '' : `, ${oneLine(event.detail)}`}`];
		case 'log':
			return [`${oneLine(event.source, 80)} | ${oneLine(event.line)}`];
		case 'warning':
			return [`warning: ${oneLine(event.message)}`];
		case 'verify':
			return [`verify ${oneLine(event.endpoint)}`, ...event.checks.flatMap(verifyLines)];
		case 'file':
			return [`wrote ${oneLine(event.path)} (${event.purpose})`];
		case 'summary':
			return [];
		default:
			return never(event);
	}
}

const changeLines = (changes: readonly PlannedChange[]): string[] =>
	changes.filter(({action}) => action !== 'no-op').map(({action, address}) => `  ${action} ${oneLine(address)}`);

/** What a plan means, topic by topic. */
export const previewLines = (parts: readonly PlanPart[]): string[] =>
	parts.flatMap(({title, lines}) => [`  ${title}`, ...lines.map(line => `    ${oneLine(line, 300)}`)]);

/** What a refusal says below its sentence. */
export function refusalLines(refusal: RefusalView): string[] {
	const {register, expected, expectedFrom, actual} = refusal;
	return [
		...(register === undefined ? [] : [`  register  ${register}`]),
		...(expected === undefined
			? []
			: [`  expected  ${oneLine(expected, 200)}${expectedFrom === undefined ? '' : ` (${expectedFrom})`}`]),
		...(actual === undefined ? [] : [`  got       ${oneLine(actual, 200)}`]),
		`  likely    ${oneLine(refusal.likely)}`,
		`  do        ${oneLine(refusal.step)}`,
	];
}

/** `worker-0 waits for its kubelet`, whether the message already begins with the verb or not. */
export function waitSentence(wait: {node?: string; message: string; lastError?: string}): string {
	const what = oneLine(wait.message).replace(/^wait(?:s|ing)? (?:for )?/iu, '');
	const who = wait.node === undefined || wait.node === '' ? '' : `${oneLine(wait.node, 80)} `;
	return `${who}waits for ${what}${wait.lastError === undefined ? '' : ` (last: ${oneLine(wait.lastError, 200)})`}`;
}

function checkLines(check: {title: string; state: string; detail?: string; fix?: string}): string[] {
	const detail = check.detail === undefined ? '' : `, ${oneLine(check.detail)}`;
	return [
		`check ${oneLine(check.title)}: ${check.state}${detail}`,
		...(check.fix === undefined ? [] : [`  ${oneLine(check.fix)}`]),
	];
}

function verifyLines(check: VerifyCheck): string[] {
	const line = `  ${check.verdict.padEnd(11)} ${oneLine(check.check)} (${oneLine(check.source)})`;
	const message = check.message === undefined ? [] : [`    ${oneLine(check.message)}`];
	if (check.verdict === 'ok' || check.verdict === 'not-checked' || check.expected === '') return [line, ...message];
	return [line, ...message, `    expected  ${oneLine(check.expected, 200)}`, `    got       ${oneLine(check.actual, 200)}`];
}

function never(event: never): never {
	throw new TypeError(`unknown event ${JSON.stringify(event)}`);
}

/** Where a node stands in an upgrade, as one line. */
function replacementLine(event: Extract<Event, {type: 'replacement'}>): string {
	const {state, partner, podsLeft, blockedBy} = event;
	const name = oneLine(event.node, 80);
	const image = event.image === undefined ? '' : `, image ${oneLine(event.image, 80)}`;
	const other = partner === undefined ? '' : oneLine(partner, 80);
	switch (state) {
		case 'outdated':
			return `${name}: to be replaced${image}`;
		case 'replacing':
			return `${name}: being replaced${other === '' ? '' : ` by ${other}`}`;
		case 'joining':
			return `${name}: on its way in${other === '' ? '' : ` for ${other}`}`;
		case 'draining':
			return `${name}: draining${drainWords({podsLeft, blockedBy})}`;
		case 'leaving':
			return `${name}: leaving`;
		case 'removed':
			return `${name}: removed`;
		case 'surplus':
			return `${name}: not needed any more`;
		case 'current':
			return `${name}: up to date${image}${other === '' ? '' : `, in place of ${other}`}`;
	}
}
